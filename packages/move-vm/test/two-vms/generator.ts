import type { Choices } from './random.ts';

/** Types of the programs that are made; P and E are declared in each. */
type Kind = 'bool' | 'u8' | 'u16' | 'u32' | 'u64' | 'u128' | 'u256' | 'vector<u64>' | 'P' | 'E';
const integers = ['u8', 'u16', 'u32', 'u64', 'u128', 'u256'] as const;
const kinds: readonly Kind[] = ['bool', ...integers, 'u64', 'vector<u64>', 'P', 'E'];
const bitsOf = { u8: 8, u16: 16, u32: 32, u64: 64, u128: 128, u256: 256 } as const;

interface Variable {
  readonly name: string;
  readonly kind: Kind;
}
interface Made {
  readonly name: string;
  readonly parameters: readonly Kind[];
  readonly returns: Kind;
}

const declarations = `
public struct P has copy, drop, store { a: u8, b: u64, c: u256, v: vector<u64> }
public enum E has copy, drop, store { Nothing, One(u64), Two { x: u16, y: bool } }
// What the compiler cannot see through: it would drop the code that a constant makes unreachable.
fun is(value: bool): bool { value }
`;

/** A module of functions that compute, loop, take apart and sometimes abort, in no order that anyone thought of. */
export function randomModule(name: string, functions: number, choices: Choices): string {
  const made: Made[] = [];
  const texts: string[] = [];
  for (let index = 0; index < functions; index++) {
    const writer = new Writer(choices, made);
    const parameters = Array.from({ length: 1 + choices.below(3) }, () =>
      choices.of<Kind>([...integers, 'bool', 'vector<u64>']),
    );
    const returns = choices.of(kinds);
    const head = parameters.map((kind, at) => `p${at}: ${kind}`).join(', ');
    const body = writer.body(parameters, returns);
    texts.push(`public fun f${index}(${head}): (${returns}, vector<u64>, P) {\n${body}\n}`);
    made.push({ name: `f${index}`, parameters, returns });
  }
  return `module programs::${name};\n${declarations}\n${texts.join('\n\n')}\n`;
}

class Writer {
  readonly #choices: Choices;
  readonly #made: readonly Made[];
  readonly #lines: string[] = [];
  #scope: Variable[] = [];
  #names = 0;
  /** Statements left: loops and branches must not grow without end. */
  #budget = 14;

  constructor(choices: Choices, made: readonly Made[]) {
    this.#choices = choices;
    this.#made = made;
  }

  body(parameters: readonly Kind[], returns: Kind): string {
    for (const [at, kind] of parameters.entries()) this.#declare(kind, `p${at}`);
    this.#emit(1, 'let mut steps = 0u64;');
    this.#declare('vector<u64>', this.#expression('vector<u64>', 2));
    this.#declare('P', this.#expression('P', 2));
    this.#statements(6, 1);
    const [list, point] = [this.#variable('vector<u64>'), this.#variable('P')];
    this.#emit(1, 'assert!(steps < 1_000, steps);');
    this.#lines.push(`    (${this.#expression(returns, 2)}, ${list}, ${point})`);
    return this.#lines.join('\n');
  }

  #declare(kind: Kind, value: string, depth = 1): string {
    const name = `x${this.#names++}`;
    this.#emit(depth, `let mut ${name}: ${kind} = ${value};`);
    this.#scope.push({ name, kind });
    return name;
  }

  #emit(depth: number, text: string): void {
    this.#lines.push('    '.repeat(depth) + text);
  }

  #statements(count: number, depth: number): void {
    for (let i = 0; i < count && this.#budget > 0; i++) {
      this.#budget -= 1;
      this.#statement(depth);
    }
  }

  #block(count: number, depth: number): void {
    // Blocks in which nothing happens make the compiler stumble.
    this.#emit(depth, 'steps = steps + 1;');
    const outer = this.#scope.length;
    this.#statements(count, depth);
    this.#scope = this.#scope.slice(0, outer);
  }

  #statement(depth: number): void {
    const kind = this.#choices.of(kinds);
    switch (this.#choices.below(11)) {
      case 0:
      case 1:
        this.#declare(kind, this.#expression(kind, 3), depth);
        return;
      case 2: {
        const name = this.#variable(kind);
        if (name !== undefined) this.#emit(depth, `${name} = ${this.#expression(kind, 3)};`);
        return;
      }
      case 3:
        this.#emit(depth, `${this.#variable('P')}.b = ${this.#expression('u64', 3)};`);
        return;
      case 4: {
        const list = this.#variable('vector<u64>');
        // Computed before the vector is borrowed.
        const [value, at, other] = [`t${this.#names++}`, `t${this.#names++}`, `t${this.#names++}`];
        this.#emit(depth, `let ${value} = ${this.#expression('u64', 2)};`);
        this.#emit(depth, `let (${at}, ${other}) = (${this.#index(list)}, ${this.#index(list)});`);
        const change = this.#choices.of([
          `${list}.push_back(${value})`,
          `if (!${list}.is_empty()) { ${list}.pop_back(); }`,
          `${list}.swap(${at}, ${other})`,
          `${list}.append(vector[${value}, ${at}])`,
          `*&mut ${list}[${at}] = ${value}`,
        ]);
        this.#emit(depth, `${change};`);
        return;
      }
      case 5: {
        const integer = this.#choices.of(integers);
        const name = this.#variable(integer);
        if (name === undefined) return;
        const [value, place] = [`t${this.#names++}`, `r${this.#names++}`];
        this.#emit(depth, `let ${value} = ${this.#expression(integer, 2)};`);
        this.#emit(depth, `let ${place} = &mut ${name};`);
        this.#emit(depth, `*${place} = *${place} ${this.#choices.of(['|', '&', '^', '+', '-'])} ${value};`);
        return;
      }
      case 6:
        this.#emit(depth, `if (${this.#expression('bool', 3)}) {`);
        this.#block(2, depth + 1);
        this.#emit(depth, '} else {');
        this.#block(2, depth + 1);
        this.#emit(depth, '};');
        return;
      case 7: {
        const counter = `i${this.#names++}`;
        this.#emit(depth, `let mut ${counter} = 0u64;`);
        this.#emit(depth, `while (${counter} < ${this.#choices.below(6)}) {`);
        this.#block(2, depth + 1);
        if (this.#choices.chance(30)) this.#emit(depth + 1, `if (${this.#expression('bool', 2)}) break;`);
        this.#emit(depth + 1, `${counter} = ${counter} + 1;`);
        this.#emit(depth, '};');
        return;
      }
      case 8:
        // Most of the time true, else nothing but aborts would be left.
        this.#emit(
          depth,
          `assert!(${this.#expression('bool', 2)} || ${this.#expression('bool', 1)} || is(${this.#choices.chance(80)}), ${this.#choices.below(1_000)});`,
        );
        return;
      case 9: {
        const enumName = this.#variable('E');
        if (enumName === undefined) return;
        this.#emit(depth, `match (&mut ${enumName}) {`);
        this.#emit(depth + 1, `E::Nothing => (),`);
        this.#emit(depth + 1, `E::One(n) => *n = *n ^ ${this.#choices.bits(20)},`);
        this.#emit(depth + 1, `E::Two { x, y } => { *x = *x / 2; *y = !*y },`);
        this.#emit(depth, '};');
        return;
      }
      default: {
        const [a, b, v] = [this.#names++, this.#names++, this.#names++].map((n) => `d${n}`);
        this.#emit(depth, `let P { a: ${a}, b: ${b}, c: _, v: ${v} } = ${this.#expression('P', 1)};`);
        this.#scope.push({ name: a as string, kind: 'u8' }, { name: b as string, kind: 'u64' });
        this.#emit(depth, `assert!(${v}.length() < 1_000);`);
      }
    }
  }

  #index(list: string | undefined): string {
    // In bounds mostly.
    return this.#choices.chance(85)
      ? `${this.#expression('u64', 1)} % (1 + ${list}.length())`
      : this.#expression('u64', 1);
  }

  /** A variable of a kind that can be assigned to. */
  #variable(kind: Kind): string | undefined {
    const fitting = this.#scope.filter(
      (variable) => variable.kind === kind && !variable.name.startsWith('d'),
    );
    return fitting.length === 0 ? undefined : this.#choices.of(fitting).name;
  }

  #expression(kind: Kind, depth: number): string {
    const readable = this.#scope.filter((variable) => variable.kind === kind);
    if (readable.length > 0 && this.#choices.chance(depth <= 0 ? 70 : 30))
      return this.#choices.of(readable).name;
    if (depth > 0 && this.#choices.chance(8)) {
      return `(if (${this.#expression('bool', depth - 1)}) ${this.#expression(kind, depth - 1)} else ${this.#expression(kind, depth - 1)})`;
    }
    if (depth > 1 && this.#choices.chance(10)) {
      const call = this.#call(kind);
      if (call !== undefined) return call;
    }
    switch (kind) {
      case 'bool':
        return this.#boolean(depth);
      case 'vector<u64>': {
        const items = Array.from({ length: this.#choices.below(4) }, () =>
          this.#expression('u64', depth - 1),
        );
        return `vector<u64>[${items.join(', ')}]`;
      }
      case 'P':
        return `P { a: ${this.#expression('u8', depth - 1)}, b: ${this.#expression('u64', depth - 1)}, c: ${this.#expression('u256', depth - 1)}, v: ${this.#expression('vector<u64>', depth - 1)} }`;
      case 'E':
        return this.#choices.of([
          'E::Nothing',
          `E::One(${this.#expression('u64', depth - 1)})`,
          `E::Two { x: ${this.#expression('u16', depth - 1)}, y: ${this.#expression('bool', depth - 1)} }`,
        ]);
      default:
        return this.#integer(kind, depth);
    }
  }

  #boolean(depth: number): string {
    if (depth <= 0) return `is(${this.#choices.chance(50)})`;
    const next = depth - 1;
    const integer = this.#choices.of(integers);
    const compared = this.#choices.of(kinds);
    return this.#choices.of([
      `is(${this.#expression(integer, next)} ${this.#choices.of(['<', '>', '<=', '>='])} ${this.#expression(integer, next)})`,
      `is(${this.#expression(compared, next)} ${this.#choices.of(['==', '!='])} ${this.#expression(compared, next)})`,
      `(${this.#expression('bool', next)} ${this.#choices.of(['&&', '||'])} ${this.#expression('bool', next)})`,
      `!${this.#expression('bool', next)}`,
    ]);
  }

  #integer(kind: keyof typeof bitsOf, depth: number): string {
    if (depth <= 0 || this.#choices.chance(15)) {
      const bits = this.#choices.of([3, 3, 4, bitsOf[kind]]);
      return `${this.#choices.bits(bits)}${kind}`;
    }
    const next = depth - 1;
    const from = this.#choices.of(integers);
    const list = this.#variable('vector<u64>');
    const point = this.#variable('P');
    switch (this.#choices.below(kind === 'u64' ? 7 : 5)) {
      case 0:
        return `(${this.#expression(kind, next)} ${this.#choices.of(['<<', '>>'])} ${this.#choices.below(bitsOf[kind] + 1) & 0xff}u8)`;
      case 1:
        // A cast of something that is often too large, cut down mostly.
        return this.#choices.chance(75) && bitsOf[from] > bitsOf[kind]
          ? `((${this.#expression(from, next)} % ${1n << BigInt(bitsOf[kind] - 1)}${from}) as ${kind})`
          : `(${this.#expression(from, next)} as ${kind})`;
      case 5:
        return list === undefined ? '7' : `${list}.length()`;
      case 6:
        if (list !== undefined && this.#choices.chance(50)) return `${list}[${this.#index(list)}]`;
        return point === undefined ? '9' : `${point}.b`;
      default:
        return this.#operation(kind, next);
    }
  }

  /** An operation that mostly does not abort, so that what comes after it is reached. */
  #operation(kind: keyof typeof bitsOf, depth: number): string {
    const [left, right] = [this.#expression(kind, depth), this.#expression(kind, depth)];
    if (this.#choices.chance(8)) return `(${left} ${this.#choices.of(['+', '-', '*', '/', '%'])} ${right})`;
    return this.#choices.of([
      `(${left} / 2 + ${right} / 2)`,
      `(${left} - ${left} / 3)`,
      `(${left} % 16 * (${right} % 15))`,
      `(${left} / (${right} | 1))`,
      `(${left} % (${right} | 1))`,
      `(${left} & ${right})`,
      `(${left} | ${right})`,
      `(${left} ^ ${right})`,
    ]);
  }

  /** The first result of a function that was made before. */
  #call(kind: Kind): string | undefined {
    const fitting = this.#made.filter(({ returns }) => returns === kind);
    if (fitting.length === 0) return undefined;
    const { name, parameters } = this.#choices.of(fitting);
    const args = parameters.map((parameter) => this.#expression(parameter, 1));
    return `{ let (c, _, _) = ${name}(${args.join(', ')}); c }`;
  }
}
