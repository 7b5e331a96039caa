/// Calls functions of other modules, of every visibility that is open to it.
module programs::caller;

use programs::generics;
use programs::starter;

public fun start(by: address): address { starter::started(by).by() }

public fun mint_and_burn(amount: u64): u64 { generics::burn(generics::mint(amount)) }

entry fun only_entry(a: u64): u64 { a + private(a) }

fun private(a: u64): u64 { a * 2 }
