/// Vectors and options, and their macros.
#[test_only]
module std::container_tests;

use std::unit_test::{Self, assert_eq};

/// Has no abilities, so that nothing is copied or dropped behind our back.
public struct Thing { n: u64 }

fun thing(n: u64): Thing { Thing { n } }

fun n(thing: Thing): u64 {
    let Thing { n } = thing;
    n
}

#[test]
fun vectors_are_reordered() {
    let mut v = vector[1, 2, 3, 4];
    v.reverse();
    assert_eq!(v, vector[4, 3, 2, 1]);
    v.append(vector[9, 8]);
    assert_eq!(v, vector[4, 3, 2, 1, 9, 8]);
    assert_eq!(v.remove(1), 3);
    assert_eq!(v, vector[4, 2, 1, 9, 8]);
    v.insert(7, 0);
    v.insert(6, 6);
    assert_eq!(v, vector[7, 4, 2, 1, 9, 8, 6]);
    v.insert(5, 3);
    assert_eq!(v, vector[7, 4, 2, 5, 1, 9, 8, 6]);
    assert_eq!(v.swap_remove(0), 7);
    assert_eq!(v, vector[6, 4, 2, 5, 1, 9, 8]);
    assert_eq!(v.swap_remove(6), 8);
    let (found, index) = v.index_of(&5);
    assert!(found && index == 3);
    let (found, index) = v.index_of(&77);
    assert!(!found && index == 0);
    assert!(v.contains(&9) && !v.contains(&7));
    assert_eq!(vector::singleton(5), vector[5]);
    assert!(vector::empty<u8>().is_empty());
}

#[test, expected_failure(abort_code = std::vector::EINDEX_OUT_OF_BOUNDS)]
fun remove_refuses_the_length() { vector[1].remove(1); }

#[test, expected_failure(abort_code = std::vector::EINDEX_OUT_OF_BOUNDS)]
fun insert_refuses_behind_the_end() { vector[1].insert(1, 2) }

#[test, expected_failure(abort_code = std::vector::EINDEX_OUT_OF_BOUNDS)]
fun swap_remove_refuses_an_empty_vector() { vector<u8>[].swap_remove(0); }

#[test]
fun vector_macros_keep_the_order() {
    let mut seen = vector[];
    vector[thing(1), thing(2), thing(3)].do!(|t| seen.push_back(t.n()));
    assert_eq!(seen, vector[1, 2, 3]);
    let mut things = vector::tabulate!(3, |i| thing(i));
    things.do_mut!(|t| t.n = t.n + 5);
    let mut sum = 0;
    things.do_ref!(|t| sum = sum * 10 + t.n);
    assert_eq!(sum, 567);
    assert_eq!(things.map_ref!(|t| t.n * 2), vector[10, 12, 14]);
    assert_eq!(things.count!(|t| t.n > 5), 2);
    assert_eq!(things.find_index!(|t| t.n == 7), option::some(2));
    assert_eq!(things.find_index!(|t| t.n == 8), option::none());
    assert!(things.any!(|t| t.n == 6) && !things.any!(|t| t.n == 9));
    assert!(things.all!(|t| t.n >= 5) && !things.all!(|t| t.n == 5));
    let (even, odd) = things.partition!(|t| t.n % 2 == 0);
    assert_eq!(even.map!(|t| t.n()), vector[6]);
    assert_eq!(odd.map!(|t| t.n()), vector[5, 7]);
    assert_eq!(vector[1, 2, 3, 4].filter!(|x| *x % 2 == 0), vector[2, 4]);
    assert_eq!(vector[1, 2, 3].fold!(0, |acc, x| acc * 10 + x), 123);
    vector[thing(1)].destroy!(|t| { t.n(); });
    vector<Thing>[].destroy!(|t| { t.n(); });
}

#[test]
fun vectors_are_zipped() {
    let mut seen = vector[];
    vector[1, 2].zip_do!(vector[thing(3), thing(4)], |a, t| seen.push_back(a * 10 + t.n()));
    assert_eq!(seen, vector[13, 24]);
    let mut sum = 0;
    (&vector[1, 2]).zip_do_ref!(&vector[3, 4], |a, b| sum = sum + *a * *b);
    assert_eq!(sum, 11);
    assert_eq!(vector[1, 2].zip_map!(vector[30, 40], |a, b| a + b), vector[31, 42]);
}

#[test]
fun vectors_are_zipped_backwards_in_place_and_by_reference() {
    let mut seen = vector[];
    vector[1, 2].zip_do_reverse!(vector[thing(3), thing(4)], |a, t| seen.push_back(a * 10 + t.n()));
    assert_eq!(seen, vector[24, 13]);
    let (mut left, mut right) = (vector[1, 2], vector[30, 40]);
    left.zip_do_mut!(&mut right, |a, b| {
        *a = *a + *b;
        *b = 0;
    });
    assert_eq!(left, vector[31, 42]);
    assert_eq!(right, vector[0, 0]);
    assert_eq!(left.zip_map_ref!(&vector[1, 2], |a, b| *a - *b), vector[30, 40]);
}

#[test, expected_failure]
fun zipping_backwards_refuses_different_lengths() { vector[1].zip_do_reverse!(vector<u8>[], |_, _| {}); }

#[test, expected_failure]
fun zipping_in_place_refuses_different_lengths() { vector[1].zip_do_mut!(&mut vector<u8>[], |_, _| {}); }

#[test, expected_failure]
fun zipping_refuses_different_lengths() { vector[1].zip_do!(vector<u8>[], |_, _| {}); }

#[test]
fun options_are_filled_and_emptied() {
    let mut o = option::none();
    assert!(o.is_none() && !o.is_some());
    o.fill(1);
    assert!(o.contains(&1) && !o.contains(&2));
    assert_eq!(*o.borrow(), 1);
    *o.borrow_mut() = 2;
    assert_eq!(o.swap(3), 2);
    assert_eq!(o.swap_or_fill(4), option::some(3));
    assert_eq!(o.extract(), 4);
    assert_eq!(o.swap_or_fill(5), option::none());
    assert_eq!(o.get_with_default(9), 5);
    assert_eq!(*o.borrow_with_default(&9), 5);
    assert_eq!(option::none().get_with_default(9), 9);
    assert_eq!(*option::none().borrow_with_default(&9), 9);
    assert_eq!(o.destroy_with_default(9), 5);
    assert_eq!(option::none().destroy_with_default(9), 9);
    assert_eq!(option::some(thing(6)).destroy_some().n(), 6);
    option::none<Thing>().destroy_none();
    assert_eq!(option::some(7).to_vec(), vector[7]);
    assert_eq!(option::none<u8>().to_vec(), vector[]);
}

#[test, expected_failure(abort_code = std::option::EOPTION_IS_SET)]
fun fill_refuses_a_second_value() { option::some(1).fill(2) }

#[test, expected_failure(abort_code = std::option::EOPTION_IS_SET)]
fun destroy_none_refuses_a_value() { option::some(1).destroy_none() }

#[test, expected_failure(abort_code = std::option::EOPTION_NOT_SET)]
fun extract_refuses_none() { option::none<u8>().extract(); }

#[test, expected_failure(abort_code = std::option::EOPTION_NOT_SET)]
fun borrow_refuses_none() { option::none<u8>().borrow(); }

#[test, expected_failure(abort_code = std::option::EOPTION_NOT_SET)]
fun borrow_mut_refuses_none() { option::none<u8>().borrow_mut(); }

#[test, expected_failure(abort_code = std::option::EOPTION_NOT_SET)]
fun swap_refuses_none() { option::none<u8>().swap(1); }

#[test, expected_failure(abort_code = std::option::EOPTION_NOT_SET)]
fun destroy_some_refuses_none() { option::none<u8>().destroy_some(); }

#[test]
fun option_macros_run_for_a_value_only() {
    let mut seen = 0;
    option::some(thing(4)).do!(|t| seen = t.n());
    assert_eq!(seen, 4);
    option::none<Thing>().do!(|_t| abort);
    option::some(thing(5)).destroy!(|t| seen = t.n());
    assert_eq!(seen, 5);
    let mut o = option::some(thing(6));
    o.do_mut!(|t| t.n = t.n + 1);
    o.do_ref!(|t| seen = t.n);
    assert_eq!(seen, 7);
    assert_eq!(o.map_ref!(|t| t.n + 1), option::some(8));
    assert_eq!(o.and_ref!(|t| option::some(t.n + 2)), option::some(9));
    assert!(o.is_some_and!(|t| t.n == 7) && !o.is_some_and!(|t| t.n == 8));
    assert_eq!(o.map!(|t| t.n()), option::some(7));
    assert_eq!(option::none<Thing>().map!(|t| t.n()), option::none());
    assert_eq!(option::some(thing(1)).and!(|t| option::some(t.n())), option::some(1));
    assert_eq!(option::some(1).or!(abort), option::some(1));
    assert_eq!(option::none().or!(option::some(2)), option::some(2));
    assert_eq!(option::some(3).filter!(|x| *x > 3), option::none());
    assert_eq!(option::some(4).filter!(|x| *x > 3), option::some(4));
    assert_eq!(option::some(5).destroy_or!(abort), 5);
    assert_eq!(option::none().destroy_or!(6), 6);
    unit_test::destroy(thing(0));
}
