interface Entry {
  readonly title: string;
  readonly meaning: string;
  readonly fix: string;
}
export function errorsDocument(
  catalogue: Readonly<Record<string, Readonly<Record<string, Entry & { readonly level: string }>>>>,
  artifactErrors: readonly (Entry & { readonly code: string })[],
): string;
