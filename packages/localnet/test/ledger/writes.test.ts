/** A dynamic field changes when it is written to, also with what was there; not when it is only borrowed. */
import { beforeAll, describe, expect, it } from 'vitest';
import { compile } from './sources.ts';
import { changed, input, made, object, succeed, world, type World } from './support.ts';

const source = `module writes::writes;
use iota::dynamic_field as field;
public struct Parent has key { id: UID }
public struct Inner has copy, drop, store { number: u64, flags: vector<bool> }
public struct Child has store { bytes: vector<u8>, inner: Inner, list: vector<Inner> }
fun init(ctx: &mut TxContext) {
    let inner = Inner { number: 1, flags: vector[true, false] };
    let mut parent = Parent { id: object::new(ctx) };
    field::add(&mut parent.id, 0u8, Child { bytes: b"ab", inner, list: vector[inner, inner] });
    transfer::transfer(parent, ctx.sender())
}
fun child(parent: &mut Parent): &mut Child { field::borrow_mut(&mut parent.id, 0u8) }
entry fun read(parent: &Parent) { let child: &Child = field::borrow(&parent.id, 0u8); assert!(child.bytes.length() == 2) }
entry fun borrow(parent: &mut Parent) { let child = child(parent); assert!(child.inner.number == 1) }
entry fun borrow_and_write_elsewhere(parent: &mut Parent) {
    let here = &mut child(parent).inner.number;
    let mut other = *here;
    let place = &mut other;
    *place = 7;
    let mut list = vector[other];
    list.push_back(8);
    list.swap(0, 1);
    list.pop_back();
}
entry fun number(parent: &mut Parent) { child(parent).inner.number = 1 }
entry fun whole(parent: &mut Parent) { let child = child(parent); let inner = child.inner; child.inner = inner }
entry fun byte(parent: &mut Parent) { *&mut child(parent).bytes[0] = 97 }
entry fun bytes(parent: &mut Parent) { let child = child(parent); child.bytes.push_back(1); child.bytes.pop_back(); }
entry fun flags(parent: &mut Parent) { child(parent).inner.flags.swap(0, 0) }
entry fun deep(parent: &mut Parent) { *&mut child(parent).list[1].flags[1] = false }
entry fun take_and_put_back(parent: &mut Parent) {
    let child: Child = field::remove(&mut parent.id, 0u8);
    field::add(&mut parent.id, 0u8, child)
}
`;

let w: World;
let pkg: string;
let parent: string;
let child: string;
beforeAll(async () => {
  w = await world();
  const { modules, dependencies } = await compile({ name: 'writes', modules: { writes: source } });
  const published = await succeed(w.ledger, w.alice, (tx) => {
    tx.transferObjects([tx.publish({ modules, dependencies })], w.alice.address);
  });
  pkg = published.written.find(({ kind }) => kind === 'package')?.id ?? '';
  [parent, child] = [made(published, 'Parent').id, made(published, 'Field').id];
});

async function isMutated(name: string): Promise<boolean> {
  const before = object(w.ledger, child) as { contents: Uint8Array };
  const executed = await succeed(w.ledger, w.alice, (tx) =>
    tx.moveCall({ target: `${pkg}::writes::${name}`, arguments: [input(tx, w.ledger, parent)] }),
  );
  const after = object(w.ledger, child) as { contents: Uint8Array };
  expect(after.contents).toEqual(before.contents);
  return changed(executed, 'mutated').includes(child);
}

describe('a dynamic field', () => {
  it.each(['number', 'whole', 'byte', 'bytes', 'flags', 'deep', 'take_and_put_back'])(
    'changes by a write of what was there: %s',
    async (name) => {
      expect(await isMutated(name)).toBe(true);
    },
  );

  it.each(['read', 'borrow', 'borrow_and_write_elsewhere'])('does not change by %s', async (name) => {
    expect(await isMutated(name)).toBe(false);
  });
});
