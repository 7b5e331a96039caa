/// Lends an object out for the length of a transaction.
module iota::borrow;

/// The object belongs to another `Referent`.
const EWrongBorrow: u64 = 0;
/// The object is not the one that was lent.
const EWrongValue: u64 = 1;

/// Holds the object that is lent.
public struct Referent<T: key + store> has store {
    id: address,
    value: Option<T>,
}

/// Makes the borrower bring the object back.
public struct Borrow {
    ref: address,
    obj: ID,
}

/// Makes a `Referent` of an object.
public fun new<T: key + store>(value: T, ctx: &mut TxContext): Referent<T> {
    Referent { id: ctx.fresh_object_address(), value: option::some(value) }
}

/// Lends the object.
public fun borrow<T: key + store>(self: &mut Referent<T>): (T, Borrow) {
    let value = self.value.extract();
    let obj = object::id(&value);
    (value, Borrow { ref: self.id, obj })
}

/// Takes the object back. Aborts with `EWrongBorrow` or `EWrongValue`.
public fun put_back<T: key + store>(self: &mut Referent<T>, value: T, borrow: Borrow) {
    let Borrow { ref, obj } = borrow;
    assert!(self.id == ref, EWrongBorrow);
    assert!(object::id(&value) == obj, EWrongValue);
    self.value.fill(value)
}

/// Unpacks into the object.
public fun destroy<T: key + store>(self: Referent<T>): T {
    let Referent { id: _, value } = self;
    value.destroy_some()
}
