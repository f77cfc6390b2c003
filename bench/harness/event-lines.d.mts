export interface EventLineShape {
  readonly tools?: number;
  readonly sessions?: number;
  readonly seed?: number;
}
export function eventLines(shape: EventLineShape): () => string;
export function writeEventLines(path: string, shape: EventLineShape & { bytes: number }): { lines: number; bytes: number };
