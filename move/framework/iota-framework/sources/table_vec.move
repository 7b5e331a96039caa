/// A list of any size, each element a dynamic field.
module iota::table_vec;

use iota::table::{Self, Table};

/// The index is not one of the list's.
const EIndexOutOfBound: u64 = 0;
/// There are elements left.
const ETableNonEmpty: u64 = 1;

/// Elements under the indices from zero up.
public struct TableVec<phantom Element: store> has store {
    contents: Table<u64, Element>,
}

/// Makes a list without elements.
public fun empty<Element: store>(ctx: &mut TxContext): TableVec<Element> { TableVec { contents: table::new(ctx) } }

/// Makes a list of one element.
public fun singleton<Element: store>(e: Element, ctx: &mut TxContext): TableVec<Element> {
    let mut t = empty(ctx);
    t.push_back(e);
    t
}

/// Returns the number of elements.
public fun length<Element: store>(t: &TableVec<Element>): u64 { t.contents.length() }

/// True when there are no elements.
public fun is_empty<Element: store>(t: &TableVec<Element>): bool { t.contents.is_empty() }

#[syntax(index)]
/// Borrows element `i`. Aborts with `EIndexOutOfBound`.
public fun borrow<Element: store>(t: &TableVec<Element>, i: u64): &Element {
    assert!(i < t.length(), EIndexOutOfBound);
    &t.contents[i]
}

/// Puts `e` behind the last element.
public fun push_back<Element: store>(t: &mut TableVec<Element>, e: Element) {
    let end = t.length();
    t.contents.add(end, e)
}

#[syntax(index)]
/// Borrows element `i` for writing. Aborts with `EIndexOutOfBound`.
public fun borrow_mut<Element: store>(t: &mut TableVec<Element>, i: u64): &mut Element {
    assert!(i < t.length(), EIndexOutOfBound);
    &mut t.contents[i]
}

/// Takes the last element off. Aborts with `EIndexOutOfBound` when there is none.
public fun pop_back<Element: store>(t: &mut TableVec<Element>): Element {
    assert!(!t.is_empty(), EIndexOutOfBound);
    let last = t.length() - 1;
    t.contents.remove(last)
}

/// Consumes a list without elements. Aborts with `ETableNonEmpty`.
public fun destroy_empty<Element: store>(t: TableVec<Element>) {
    assert!(t.is_empty(), ETableNonEmpty);
    let TableVec { contents } = t;
    contents.destroy_empty()
}

/// Consumes a list of elements that may be dropped. They become unreachable, and their deposits are lost.
public fun drop<Element: drop + store>(t: TableVec<Element>) {
    let TableVec { contents } = t;
    contents.drop()
}

/// Exchanges elements `i` and `j`. Aborts with `EIndexOutOfBound`.
public fun swap<Element: store>(t: &mut TableVec<Element>, i: u64, j: u64) {
    assert!(i < t.length() && j < t.length(), EIndexOutOfBound);
    if (i == j) return;
    let at_i = t.contents.remove(i);
    let at_j = t.contents.remove(j);
    t.contents.add(i, at_j);
    t.contents.add(j, at_i)
}

/// Takes element `i` out and puts the last one in its place. Aborts with `EIndexOutOfBound`.
public fun swap_remove<Element: store>(t: &mut TableVec<Element>, i: u64): Element {
    assert!(i < t.length(), EIndexOutOfBound);
    let last = t.length() - 1;
    t.swap(i, last);
    t.pop_back()
}
