/// A value that may be absent.
module std::option;

/// Holds at most one element.
public struct Option<Element> has copy, drop, store {
    vec: vector<Element>,
}

/// There is a value where there must be none.
const EOPTION_IS_SET: u64 = 0x40000;
/// There is no value where there must be one.
const EOPTION_NOT_SET: u64 = 0x40001;

/// The absent value.
public fun none<Element>(): Option<Element> { Option { vec: vector[] } }

/// A present value.
public fun some<Element>(e: Element): Option<Element> { Option { vec: vector[e] } }

/// True when there is no value.
public fun is_none<Element>(t: &Option<Element>): bool { t.vec.is_empty() }

/// True when there is a value.
public fun is_some<Element>(t: &Option<Element>): bool { !t.vec.is_empty() }

/// True when there is a value and it equals `e_ref`.
public fun contains<Element>(t: &Option<Element>, e_ref: &Element): bool { t.vec.contains(e_ref) }

/// Borrows the value. Aborts with `EOPTION_NOT_SET` when there is none.
public fun borrow<Element>(t: &Option<Element>): &Element {
    assert!(t.is_some(), EOPTION_NOT_SET);
    &t.vec[0]
}

/// Borrows the value, or the default when there is none.
public fun borrow_with_default<Element>(t: &Option<Element>, default_ref: &Element): &Element {
    if (t.is_some()) &t.vec[0] else default_ref
}

/// Copies the value, or returns the default when there is none.
public fun get_with_default<Element: copy + drop>(t: &Option<Element>, default: Element): Element {
    if (t.is_some()) t.vec[0] else default
}

/// Sets the value. Aborts with `EOPTION_IS_SET` when there is one.
public fun fill<Element>(t: &mut Option<Element>, e: Element) {
    assert!(t.is_none(), EOPTION_IS_SET);
    t.vec.push_back(e)
}

/// Takes the value out. Aborts with `EOPTION_NOT_SET` when there is none.
public fun extract<Element>(t: &mut Option<Element>): Element {
    assert!(t.is_some(), EOPTION_NOT_SET);
    t.vec.pop_back()
}

/// Borrows the value for writing. Aborts with `EOPTION_NOT_SET` when there is none.
public fun borrow_mut<Element>(t: &mut Option<Element>): &mut Element {
    assert!(t.is_some(), EOPTION_NOT_SET);
    &mut t.vec[0]
}

/// Puts `e` in the value's place and returns what was there. Aborts with `EOPTION_NOT_SET` when there is none.
public fun swap<Element>(t: &mut Option<Element>, e: Element): Element {
    let old = t.extract();
    t.vec.push_back(e);
    old
}

/// Sets the value and returns what was there.
public fun swap_or_fill<Element>(t: &mut Option<Element>, e: Element): Option<Element> {
    let old = if (t.is_some()) some(t.vec.pop_back()) else none();
    t.vec.push_back(e);
    old
}

/// Unpacks into the value, or the default when there is none.
public fun destroy_with_default<Element: drop>(t: Option<Element>, default: Element): Element {
    let Option { mut vec } = t;
    if (vec.is_empty()) default else vec.pop_back()
}

/// Unpacks into the value. Aborts with `EOPTION_NOT_SET` when there is none.
public fun destroy_some<Element>(t: Option<Element>): Element {
    assert!(t.is_some(), EOPTION_NOT_SET);
    let Option { mut vec } = t;
    let e = vec.pop_back();
    vec.destroy_empty();
    e
}

/// Consumes an absent value. Aborts with `EOPTION_IS_SET` when there is one.
public fun destroy_none<Element>(t: Option<Element>) {
    assert!(t.is_none(), EOPTION_IS_SET);
    let Option { vec } = t;
    vec.destroy_empty()
}

/// Unpacks into a vector of no or one element.
public fun to_vec<Element>(t: Option<Element>): vector<Element> {
    let Option { vec } = t;
    vec
}

/// Consumes the value with `$f` when there is one.
public macro fun destroy<$T>($o: Option<$T>, $f: |$T|) { do!($o, $f) }

/// Consumes the value with `$f` when there is one.
public macro fun do<$T>($o: Option<$T>, $f: |$T|) {
    let o = $o;
    if (o.is_some()) $f(o.destroy_some()) else o.destroy_none()
}

/// Calls `$f` with a reference to the value when there is one.
public macro fun do_ref<$T>($o: &Option<$T>, $f: |&$T|) {
    let o = $o;
    if (o.is_some()) $f(o.borrow())
}

/// Calls `$f` with a mutable reference to the value when there is one.
public macro fun do_mut<$T>($o: &mut Option<$T>, $f: |&mut $T|) {
    let o = $o;
    if (o.is_some()) $f(o.borrow_mut())
}

/// The first of the two that has a value; the second is evaluated only if needed.
public macro fun or<$T>($o: Option<$T>, $default: Option<$T>): Option<$T> {
    let o = $o;
    if (o.is_some()) o
    else {
        o.destroy_none();
        $default
    }
}

/// Continues with `$f` when there is a value.
public macro fun and<$T, $U>($o: Option<$T>, $f: |$T| -> Option<$U>): Option<$U> {
    let o = $o;
    if (o.is_some()) $f(o.destroy_some())
    else {
        o.destroy_none();
        none()
    }
}

/// Continues with `$f`, by reference, when there is a value.
public macro fun and_ref<$T, $U>($o: &Option<$T>, $f: |&$T| -> Option<$U>): Option<$U> {
    let o = $o;
    if (o.is_some()) $f(o.borrow()) else none()
}

/// Maps the value when there is one.
public macro fun map<$T, $U>($o: Option<$T>, $f: |$T| -> $U): Option<$U> {
    let o = $o;
    if (o.is_some()) some($f(o.destroy_some()))
    else {
        o.destroy_none();
        none()
    }
}

/// Maps a reference to the value when there is one.
public macro fun map_ref<$T, $U>($o: &Option<$T>, $f: |&$T| -> $U): Option<$U> {
    let o = $o;
    if (o.is_some()) some($f(o.borrow())) else none()
}

/// Keeps the value only when `$f` is true for it.
public macro fun filter<$T: drop>($o: Option<$T>, $f: |&$T| -> bool): Option<$T> {
    let o = $o;
    if (o.is_some() && $f(o.borrow())) o else none()
}

/// True when there is a value and `$f` is true for it.
public macro fun is_some_and<$T>($o: &Option<$T>, $f: |&$T| -> bool): bool {
    let o = $o;
    o.is_some() && $f(o.borrow())
}

/// Unpacks into the value, or the default, which is evaluated only if needed.
public macro fun destroy_or<$T>($o: Option<$T>, $default: $T): $T {
    let o = $o;
    if (o.is_some()) o.destroy_some()
    else {
        o.destroy_none();
        $default
    }
}
