/** How a text writer marks up words. The caller decides whether marks are colours or nothing (only a terminal gets colours). */
export interface Paint {
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly pass: (text: string) => string;
  readonly warn: (text: string) => string;
  readonly fail: (text: string) => string;
}

const unchanged = (text: string) => text;

/** No marks: pipes, files, `NO_COLOR`, golden files. */
export const plain: Paint = { strong: unchanged, faint: unchanged, pass: unchanged, warn: unchanged, fail: unchanged };
