/// What unit tests of Move packages lean on.
#[test_only]
module std::unit_test;

/// Keeps a module that was compiled for testing from linking on a network.
public native fun poison();

/// Consumes any value, whatever its abilities.
public native fun destroy<T>(x: T);

/// Fails the test, printing both values, unless they are equal.
public macro fun assert_eq<$T: drop>($t1: $T, $t2: $T) {
    let left = $t1;
    let right = $t2;
    assert_ref_eq!(&left, &right)
}

/// As `assert_eq!`, for values behind references.
public macro fun assert_ref_eq<$T>($t1: &$T, $t2: &$T) {
    let left = $t1;
    let right = $t2;
    if (left != right) {
        std::debug::print(&b"not equal:");
        std::debug::print(left);
        std::debug::print(right);
        assert!(false);
    }
}
