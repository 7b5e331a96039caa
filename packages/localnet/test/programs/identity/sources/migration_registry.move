/// The library asks for this event; a network without migrated identities has none.
module identity::migration_registry;

#[allow(unused_field)]
public struct MigrationRegistryCreated has copy, drop {
    id: ID,
}
