/// Small helpers of tests.
#[test_only]
module iota::test_utils;

/// Fails the test, printing both values, unless they are equal.
public fun assert_eq<T: drop>(t1: T, t2: T) { assert_ref_eq(&t1, &t2) }

/// As `assert_eq`, for values behind references.
public fun assert_ref_eq<T>(t1: &T, t2: &T) {
    if (t1 != t2) {
        print(b"not equal:");
        std::debug::print(t1);
        std::debug::print(t2);
        abort 0
    }
}

/// Prints ASCII bytes as text.
public fun print(str: vector<u8>) { std::debug::print(&str.to_ascii_string()) }

/// Consumes any value, whatever its abilities. A network's own package has a native of this module for it, which the
/// test runner does not know.
public fun destroy<T>(x: T) { std::unit_test::destroy(x) }

/// Makes the one-time witness of `T`.
public native fun create_one_time_witness<T: drop>(): T;
