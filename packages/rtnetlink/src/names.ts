/** The names of links this conversation has met: errors speak of `eth0`, where the kernel is asked by index. */
export interface LinkNames {
  learn(index: number, name: string): void;
  /** `eth0`, or `link 4` for one not met. */
  of(index: number): string;
}

/** An empty list of names. */
export function linkNames(): LinkNames {
  const names = new Map<number, string>();
  return {
    learn: (index, name) => void names.set(index, name),
    of: (index) => names.get(index) ?? `link ${index}`,
  };
}
