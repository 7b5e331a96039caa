/// Dynamic fields whose values are objects that keep their own id, so that anyone can find them by it.
/// The field holds the object's ID; the object belongs to the field.
module iota::dynamic_object_field;

use iota::dynamic_field as field;

/// The name of an object field, kept apart from that of a plain field with the same name.
public struct Wrapper<Name> has copy, drop, store {
    name: Name,
}

/// Adds an object. Aborts in `iota::dynamic_field` when there is one of that name.
public fun add<Name: copy + drop + store, Value: key + store>(object: &mut UID, name: Name, value: Value) {
    internal_add(object, name, value)
}

/// Borrows an object. Aborts in `iota::dynamic_field` when it is absent or of another type.
public fun borrow<Name: copy + drop + store, Value: key + store>(object: &UID, name: Name): &Value {
    internal_borrow(object, name)
}

/// Borrows an object for writing. Aborts in `iota::dynamic_field` when it is absent or of another type.
public fun borrow_mut<Name: copy + drop + store, Value: key + store>(object: &mut UID, name: Name): &mut Value {
    internal_borrow_mut(object, name)
}

/// Takes an object out. Aborts in `iota::dynamic_field` when it is absent or of another type.
public fun remove<Name: copy + drop + store, Value: key + store>(object: &mut UID, name: Name): Value {
    internal_remove(object, name)
}

/// True when there is an object of that name, whatever its type.
public fun exists_<Name: copy + drop + store>(object: &UID, name: Name): bool {
    field::exists_with_type<Wrapper<Name>, ID>(object, Wrapper { name })
}

/// True when there is an object of that name and type.
public fun exists_with_type<Name: copy + drop + store, Value: key + store>(object: &UID, name: Name): bool {
    internal_exists_with_type<Name, Value>(object, name)
}

/// Returns the ID of the object of that name, if there is one.
public fun id<Name: copy + drop + store>(object: &UID, name: Name): Option<ID> {
    let wrapped = Wrapper { name };
    if (!field::exists_with_type<Wrapper<Name>, ID>(object, wrapped)) return option::none();
    let (_, child) = field::field_info(object, wrapped);
    option::some(child.to_id())
}

public(package) fun internal_add<Name: copy + drop + store, Value: key>(
    object: &mut UID,
    name: Name,
    value: Value,
) {
    let wrapped = Wrapper { name };
    field::add(object, wrapped, object::id(&value));
    let (owner, _) = field::field_info(object, wrapped);
    field::add_child_object(owner.to_address(), value)
}

public(package) fun internal_borrow<Name: copy + drop + store, Value: key>(object: &UID, name: Name): &Value {
    let (owner, child) = field::field_info(object, Wrapper { name });
    field::borrow_child_object(owner, child)
}

public(package) fun internal_borrow_mut<Name: copy + drop + store, Value: key>(
    object: &mut UID,
    name: Name,
): &mut Value {
    let (owner, child) = field::field_info_mut(object, Wrapper { name });
    field::borrow_child_object_mut(owner, child)
}

public(package) fun internal_remove<Name: copy + drop + store, Value: key>(object: &mut UID, name: Name): Value {
    let wrapped = Wrapper { name };
    let (owner, child) = field::field_info(object, wrapped);
    let value = field::remove_child_object(owner.to_address(), child);
    field::remove<Wrapper<Name>, ID>(object, wrapped);
    value
}

public(package) fun internal_exists_with_type<Name: copy + drop + store, Value: key>(
    object: &UID,
    name: Name,
): bool {
    let wrapped = Wrapper { name };
    if (!field::exists_with_type<Wrapper<Name>, ID>(object, wrapped)) return false;
    let (owner, child) = field::field_info(object, wrapped);
    field::has_child_object_with_ty<Value>(owner.to_address(), child)
}
