/// Growable lists. The natives fail with a primitive runtime error of the virtual machine, not with an abort code.
#[defines_primitive(vector)]
module std::vector;

public use fun std::string::utf8 as vector.to_string;
public use fun std::string::try_utf8 as vector.try_to_string;
public use fun std::ascii::string as vector.to_ascii_string;
public use fun std::ascii::try_string as vector.try_to_ascii_string;

/// The index is not one of the vector's.
const EINDEX_OUT_OF_BOUNDS: u64 = 0x20000;

#[bytecode_instruction]
/// Returns a vector without elements.
public native fun empty<Element>(): vector<Element>;

#[bytecode_instruction]
/// Returns the number of elements.
public native fun length<Element>(v: &vector<Element>): u64;

#[syntax(index)]
#[bytecode_instruction]
/// Borrows element `i`.
public native fun borrow<Element>(v: &vector<Element>, i: u64): &Element;

#[bytecode_instruction]
/// Puts `e` behind the last element.
public native fun push_back<Element>(v: &mut vector<Element>, e: Element);

#[syntax(index)]
#[bytecode_instruction]
/// Borrows element `i` for writing.
public native fun borrow_mut<Element>(v: &mut vector<Element>, i: u64): &mut Element;

#[bytecode_instruction]
/// Takes the last element off.
public native fun pop_back<Element>(v: &mut vector<Element>): Element;

#[bytecode_instruction]
/// Consumes a vector that has no elements.
public native fun destroy_empty<Element>(v: vector<Element>);

#[bytecode_instruction]
/// Exchanges elements `i` and `j`.
public native fun swap<Element>(v: &mut vector<Element>, i: u64, j: u64);

/// Returns a vector of one element.
public fun singleton<Element>(e: Element): vector<Element> { vector[e] }

/// Turns the order of the elements around.
public fun reverse<Element>(v: &mut vector<Element>) {
    let len = v.length();
    let mut i = 0;
    while (i < len / 2) {
        v.swap(i, len - 1 - i);
        i = i + 1;
    }
}

/// Moves all elements of `other` behind those of `lhs`, in their order.
public fun append<Element>(lhs: &mut vector<Element>, mut other: vector<Element>) {
    other.reverse();
    while (!other.is_empty()) lhs.push_back(other.pop_back());
    other.destroy_empty()
}

/// True when there are no elements.
public fun is_empty<Element>(v: &vector<Element>): bool { v.length() == 0 }

/// True when some element equals `e`.
public fun contains<Element>(v: &vector<Element>, e: &Element): bool {
    let (found, _) = v.index_of(e);
    found
}

/// Returns `(true, i)` for the first element `i` that equals `e`, and `(false, 0)` when none does.
public fun index_of<Element>(v: &vector<Element>, e: &Element): (bool, u64) {
    let len = v.length();
    let mut i = 0;
    while (i < len) {
        if (&v[i] == e) return (true, i);
        i = i + 1;
    };
    (false, 0)
}

/// Takes element `i` out and closes the gap, keeping the order.
/// Aborts with `EINDEX_OUT_OF_BOUNDS` when there is no element `i`.
public fun remove<Element>(v: &mut vector<Element>, mut i: u64): Element {
    let len = v.length();
    assert!(i < len, EINDEX_OUT_OF_BOUNDS);
    while (i + 1 < len) {
        v.swap(i, i + 1);
        i = i + 1;
    };
    v.pop_back()
}

/// Puts `e` at index `i`, moving what is there and behind it by one.
/// Aborts with `EINDEX_OUT_OF_BOUNDS` when `i` is larger than the length.
public fun insert<Element>(v: &mut vector<Element>, e: Element, mut i: u64) {
    let len = v.length();
    assert!(i <= len, EINDEX_OUT_OF_BOUNDS);
    v.push_back(e);
    while (i < len) {
        v.swap(i, len);
        i = i + 1;
    }
}

/// Takes element `i` out and puts the last one in its place.
/// Aborts with `EINDEX_OUT_OF_BOUNDS` when the vector is empty.
public fun swap_remove<Element>(v: &mut vector<Element>, i: u64): Element {
    assert!(!v.is_empty(), EINDEX_OUT_OF_BOUNDS);
    let last = v.length() - 1;
    v.swap(i, last);
    v.pop_back()
}

/// Builds a vector of `$n` elements, element `i` being `$f(i)`.
public macro fun tabulate<$T>($n: u64, $f: |u64| -> $T): vector<$T> {
    let n = $n;
    let mut made = vector[];
    n.do!(|i| made.push_back($f(i)));
    made
}

/// As `do!`, the name that says the elements are used up.
public macro fun destroy<$T>($v: vector<$T>, $f: |$T|) {
    do!($v, $f)
}

/// Consumes each element with `$f`, first to last.
public macro fun do<$T>($v: vector<$T>, $f: |$T|) {
    let mut rest = $v;
    rest.reverse();
    while (!rest.is_empty()) $f(rest.pop_back());
    rest.destroy_empty();
}

/// Calls `$f` with a reference to each element, first to last.
public macro fun do_ref<$T>($v: &vector<$T>, $f: |&$T|) {
    let v = $v;
    v.length().do!(|i| $f(&v[i]))
}

/// Calls `$f` with a mutable reference to each element, first to last.
public macro fun do_mut<$T>($v: &mut vector<$T>, $f: |&mut $T|) {
    let v = $v;
    v.length().do!(|i| $f(&mut v[i]))
}

/// Maps each element by value.
public macro fun map<$T, $U>($v: vector<$T>, $f: |$T| -> $U): vector<$U> {
    let v = $v;
    let mut mapped = vector[];
    v.do!(|e| mapped.push_back($f(e)));
    mapped
}

/// Maps each element by reference.
public macro fun map_ref<$T, $U>($v: &vector<$T>, $f: |&$T| -> $U): vector<$U> {
    let v = $v;
    let mut mapped = vector[];
    v.do_ref!(|e| mapped.push_back($f(e)));
    mapped
}

/// Keeps the elements for which `$f` is true.
public macro fun filter<$T: drop>($v: vector<$T>, $f: |&$T| -> bool): vector<$T> {
    let v = $v;
    let mut kept = vector[];
    v.do!(|e| if ($f(&e)) kept.push_back(e));
    kept
}

/// Splits into the elements for which `$f` is true and those for which it is false.
public macro fun partition<$T>($v: vector<$T>, $f: |&$T| -> bool): (vector<$T>, vector<$T>) {
    let v = $v;
    let mut yes = vector[];
    let mut no = vector[];
    v.do!(|e| if ($f(&e)) yes.push_back(e) else no.push_back(e));
    (yes, no)
}

/// Returns the index of the first element for which `$f` is true.
public macro fun find_index<$T>($v: &vector<$T>, $f: |&$T| -> bool): Option<u64> {
    let v = $v;
    'search: {
        v.length().do!(|i| if ($f(&v[i])) return 'search std::option::some(i));
        std::option::none()
    }
}

/// Counts the elements for which `$f` is true.
public macro fun count<$T>($v: &vector<$T>, $f: |&$T| -> bool): u64 {
    let v = $v;
    let mut n = 0;
    v.do_ref!(|e| if ($f(e)) n = n + 1);
    n
}

/// Combines all elements into one value, first to last.
public macro fun fold<$T, $Acc>($v: vector<$T>, $init: $Acc, $f: |$Acc, $T| -> $Acc): $Acc {
    let v = $v;
    let mut acc = $init;
    v.do!(|e| acc = $f(acc, e));
    acc
}

/// True when `$f` is true for some element.
public macro fun any<$T>($v: &vector<$T>, $f: |&$T| -> bool): bool {
    let v = $v;
    'search: {
        v.do_ref!(|e| if ($f(e)) return 'search true);
        false
    }
}

/// True when `$f` is true for every element.
public macro fun all<$T>($v: &vector<$T>, $f: |&$T| -> bool): bool {
    let v = $v;
    'search: {
        v.do_ref!(|e| if (!$f(e)) return 'search false);
        true
    }
}

/// Consumes two vectors of equal length pairwise, first to last. Aborts when the lengths differ.
public macro fun zip_do<$T1, $T2>($v1: vector<$T1>, $v2: vector<$T2>, $f: |$T1, $T2|) {
    let v1 = $v1;
    let mut v2 = $v2;
    v2.reverse();
    assert!(v1.length() == v2.length());
    v1.do!(|e| $f(e, v2.pop_back()));
    v2.destroy_empty();
}

/// Consumes two vectors of equal length pairwise, last to first. Aborts when the lengths differ.
public macro fun zip_do_reverse<$T1, $T2>($v1: vector<$T1>, $v2: vector<$T2>, $f: |$T1, $T2|) {
    let mut v1 = $v1;
    let mut v2 = $v2;
    assert!(v1.length() == v2.length());
    while (!v1.is_empty()) $f(v1.pop_back(), v2.pop_back());
    v1.destroy_empty();
    v2.destroy_empty();
}

/// Calls `$f` with references to the pairs of two vectors of equal length. Aborts when the lengths differ.
public macro fun zip_do_ref<$T1, $T2>(
    $v1: &vector<$T1>,
    $v2: &vector<$T2>,
    $f: |&$T1, &$T2|,
) {
    let v1 = $v1;
    let v2 = $v2;
    assert!(v1.length() == v2.length());
    v1.length().do!(|i| $f(&v1[i], &v2[i]));
}

/// Calls `$f` with references for writing to the pairs of two vectors of equal length. Aborts when the lengths differ.
public macro fun zip_do_mut<$T1, $T2>(
    $v1: &mut vector<$T1>,
    $v2: &mut vector<$T2>,
    $f: |&mut $T1, &mut $T2|,
) {
    let v1 = $v1;
    let v2 = $v2;
    assert!(v1.length() == v2.length());
    v1.length().do!(|i| $f(&mut v1[i], &mut v2[i]));
}

/// Maps two vectors of equal length pairwise into one. Aborts when the lengths differ.
public macro fun zip_map<$T1, $T2, $U>(
    $v1: vector<$T1>,
    $v2: vector<$T2>,
    $f: |$T1, $T2| -> $U,
): vector<$U> {
    let mut mapped = vector[];
    zip_do!($v1, $v2, |e1, e2| mapped.push_back($f(e1, e2)));
    mapped
}

/// Maps references to the pairs of two vectors of equal length into a vector. Aborts when the lengths differ.
public macro fun zip_map_ref<$T1, $T2, $U>(
    $v1: &vector<$T1>,
    $v2: &vector<$T2>,
    $f: |&$T1, &$T2| -> $U,
): vector<$U> {
    let mut mapped = vector[];
    zip_do_ref!($v1, $v2, |e1, e2| mapped.push_back($f(e1, e2)));
    mapped
}
