/// Everything that ends a program early.
module programs::failures;

const ECode: u64 = 42;

public fun abort_with(code: u64) { abort code }

public fun abort_named() { abort ECode }

public fun assert_below(value: u64, limit: u64) {
    assert!(value < limit, 7);
}

public fun abort_deeply(depth: u64): u64 {
    if (depth == 0) abort 11;
    abort_deeply(depth - 1) + 1
}

public fun element(index: u64): u64 {
    let items = vector[1, 2, 3];
    items[index]
}

public fun pop_empty(): u8 {
    let mut items: vector<u8> = vector[];
    items.pop_back()
}

public fun swap_outside() {
    let mut items = vector[1u64];
    items.swap(0, 1);
}

public fun destroy_filled() {
    let items = vector[@0x1];
    items.destroy_empty();
}

public fun overflow_in_call(value: u8): u8 { add_one(value) }

fun add_one(value: u8): u8 { value + 1 }

public fun loop_forever() { loop {} }

public fun count_to(limit: u64): u64 {
    let mut i = 0;
    while (i < limit) i = i + 1;
    i
}

public fun recurse(depth: u64): u64 {
    if (depth == 0) 0 else 1 + recurse(depth - 1)
}

public fun recurse_forever(): u64 { 1 + recurse_forever() }

public fun push(items: &mut vector<bool>) { items.push_back(true) }

/// Doubles a vector of vectors by copying: exponential memory, were it not for gas.
public fun double(times: u64): u64 {
    let mut items = vector[b"0123456789abcdef"];
    let mut i = 0;
    while (i < times) {
        let copied = items;
        items.append(copied);
        i = i + 1;
    };
    items.length()
}

public fun fibonacci(n: u64): u64 {
    if (n < 2) n else fibonacci(n - 1) + fibonacci(n - 2)
}
