import type { Talk } from '../guest.ts';
import { quoted } from '../job.ts';
import { runEmulated } from './boot.ts';

/** The end of what a script said, before its exit status: a group separator. */
const MARK = '\x1d';
const ENV = { PATH: '/usr/sbin:/usr/bin', HOME: '/root' };

/** How a script ended. */
export interface Said {
  readonly status: number;
  /** Standard output and error. */
  readonly output: string;
}

/** An emulated machine that does what it is told, one script after the other. */
export interface Machine {
  try(script: string): Promise<Said>;
  /** What the script says; throws when it fails. */
  run(script: string): Promise<string>;
  /** Turns it off. */
  end(): Promise<void>;
}

/** Boots one that is turned off after `timeout` milliseconds at the latest. Throws when it does not boot; so does whoever asks one that has ended. */
export async function bootMachine(timeout: number): Promise<Machine> {
  const answers = new Answers();
  // Without +i a shell that reads from a terminal prompts.
  const command = ['sh', '-c', 'exec sh +i < /dev/console'];
  const job = { command, directory: '/', env: ENV, timeout, onLine: (line: string) => answers.hear(line) };
  let talk: Talk = () => undefined;
  const started = new Promise<Parameters<Talk>[0]>((resolve) => {
    talk = resolve;
  });
  const ended = runEmulated(job, talk);
  const gone = ended.then((status) => Promise.reject(new Error(`the machine's shell has ended with ${status}`)));
  gone.catch(() => undefined);
  const write = await Promise.race([started, gone]);
  const attempt = (script: string): Promise<Said> => {
    write(`sh -c ${quoted(script)} < /dev/null 2>&1; printf '${MARK}%d\\n' $?\n`);
    return Promise.race([answers.next(), gone]);
  };
  return {
    try: attempt,
    async run(script) {
      const { status, output } = await attempt(script);
      if (status !== 0) throw new Error(`${script}: exit status ${status}\n${output}`);
      return output;
    },
    async end() {
      write('exit\n');
      await ended;
    },
  };
}

/** Puts lines together to what each script said. */
class Answers {
  #lines: string[] = [];
  #take: (said: Said) => void = () => undefined;

  next(): Promise<Said> {
    return new Promise((resolve) => {
      this.#take = resolve;
    });
  }

  hear(line: string): void {
    const mark = line.indexOf(MARK);
    if (mark === -1) {
      this.#lines.push(line);
      return;
    }
    // The last line may have had no end.
    if (mark > 0) this.#lines.push(line.slice(0, mark));
    const output = this.#lines.join('\n');
    this.#lines = [];
    this.#take({ status: Number(line.slice(mark + 1)), output });
  }
}
