export function readLimits(source: string): { name: string; value: number; reason: string }[];
export function limitsPage(source: string): string;
