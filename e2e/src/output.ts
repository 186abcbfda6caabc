/** The mark of init.sh: `start` before the job's first line, the exit status after its last. */
const MARK = '\x1e';
const KEPT_LINES = 60;

/** Tells the job's lines from what the kernel and init say on the same console. */
export class GuestOutput {
  status: number | undefined;
  readonly #onLine: (line: string) => void;
  readonly #onStart: () => void;
  #state: 'booting' | 'running' | 'ended' = 'booting';
  #rest = '';
  #noise: string[] = [];

  constructor(onLine: (line: string) => void, onStart: () => void) {
    this.#onLine = onLine;
    this.#onStart = onStart;
  }

  /** The last lines of boot and shutdown, for a person to see what went wrong. */
  get console(): string {
    return this.#noise.join('\n');
  }

  add(text: string): void {
    const lines = `${this.#rest}${text}`.split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#take(line.replace(/\r+$/, ''));
  }

  /** What does not come from the guest's console. */
  addNoise(text: string): void {
    this.#noise = [...this.#noise, ...text.trimEnd().split('\n')].slice(-KEPT_LINES);
  }

  flush(): void {
    if (this.#rest !== '') this.add('\n');
  }

  #take(line: string): void {
    const mark = line.indexOf(MARK);
    const message = line.slice(mark + 1);
    if (mark === -1) this.#pass(line);
    else if (message === 'start') {
      this.#state = 'running';
      this.#onStart();
    } else {
      // The job's last line may have had no end.
      if (mark > 0) this.#pass(line.slice(0, mark));
      this.#state = 'ended';
      this.status = Number(message);
    }
  }

  #pass(line: string): void {
    if (this.#state === 'running') this.#onLine(line);
    else this.addNoise(line);
  }
}
