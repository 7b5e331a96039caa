import { InvalidArgumentError, type Command } from 'commander';
import { addHomeOptions, onAgent, outputOf, type HomeOptions } from '../home-command.ts';
import { asFacts } from '../operations.ts';

interface SetOptions extends HomeOptions {
  readonly minLevel?: number;
  readonly maxLevel?: number;
  readonly suites?: number[];
  readonly falcon?: boolean;
}

function onOrOff(text: string): boolean {
  if (text === 'on' || text === 'off') return text === 'on';
  throw new InvalidArgumentError('It is on or off.');
}

/** Levels and suites alike are numbers from 1 to 3. */
function oneToThree(text: string): number {
  if (/^[123]$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It is 1, 2 or 3.');
}

export function addSecurityCommands(program: Command): void {
  const security = program
    .command('security')
    .description('which security levels, cipher suites and signatures this agent uses');

  addHomeOptions(security.command('show').description('show them')).action(async (options: HomeOptions) =>
    outputOf(options).result(asFacts(await onAgent(options, 'security.show'))),
  );

  addHomeOptions(
    security
      .command('set')
      .description('change them; a raised minimum ends sessions below it')
      .option(
        '--min-level <level>',
        'nothing weaker: 1 STANDARD, 2 ENHANCED, 3 QUANTUM_RESISTANT',
        oneToThree,
      )
      .option('--max-level <level>', 'the strongest level to offer', oneToThree)
      .option(
        '--suites <list>',
        'accepted suites, preferred first: 1 AES-256-GCM, 2 AES-256-GCM-SIV, 3 ChaCha20-Poly1305',
        (text: string) => text.split(',').map(oneToThree),
      )
      .option(
        '--falcon <on|off>',
        'short signatures in the mailbox, of those who have a Falcon key as you do: not FIPS 206, not constant-time',
        onOrOff,
      ),
  ).action(async (options: SetOptions) => {
    const { minLevel, maxLevel, suites, falcon } = options;
    outputOf(options).result(
      asFacts(await onAgent(options, 'security.set', { minLevel, maxLevel, suites, falcon })),
    );
  });

  addHomeOptions(
    security
      .command('allow')
      .description('accept a lower level from a contact than was reached with them before'),
  )
    .argument('<contact>', 'alias, DID or a part of it')
    .argument('<level>', '1, 2 or 3', oneToThree)
    .action(async (to: string, level: number, options: HomeOptions) =>
      outputOf(options).result(asFacts(await onAgent(options, 'security.allow', { to, level }))),
    );
}
