/// Common operations of a wallet on its coins, callable as entry functions.
module iota::pay;

use iota::coin::Coin;

/// No coin was given.
const ENoCoins: u64 = 0;

/// Gives `c` to the sender.
public fun keep<T>(c: Coin<T>, ctx: &TxContext) { transfer::public_transfer(c, ctx.sender()) }

/// Takes a coin off and gives it to the sender.
public entry fun split<T>(self: &mut Coin<T>, split_amount: u64, ctx: &mut TxContext) {
    keep(self.split(split_amount, ctx), ctx)
}

/// Takes a coin off for each amount and gives them to the sender.
public entry fun split_vec<T>(self: &mut Coin<T>, split_amounts: vector<u64>, ctx: &mut TxContext) {
    split_amounts.do!(|amount| split(self, amount, ctx))
}

/// Takes a coin off and gives it to an address.
public entry fun split_and_transfer<T>(c: &mut Coin<T>, amount: u64, recipient: address, ctx: &mut TxContext) {
    transfer::public_transfer(c.split(amount, ctx), recipient)
}

/// Takes `n - 1` equal coins off and gives them to the sender.
public entry fun divide_and_keep<T>(self: &mut Coin<T>, n: u64, ctx: &mut TxContext) {
    self.divide_into_n(n, ctx).do!(|share| keep(share, ctx))
}

/// Adds all `coins` to `self`.
public entry fun join_vec<T>(self: &mut Coin<T>, coins: vector<Coin<T>>) {
    coins.do!(|coin| self.join(coin))
}

/// Makes one coin of all and gives it to an address. Aborts with `ENoCoins` when there are none.
public entry fun join_vec_and_transfer<T>(mut coins: vector<Coin<T>>, receiver: address) {
    assert!(!coins.is_empty(), ENoCoins);
    let mut sum = coins.pop_back();
    join_vec(&mut sum, coins);
    transfer::public_transfer(sum, receiver)
}
