/// Clients look for this event to find identities of IOTA's earlier network. A network of ours has none.
module identity::migration_registry;

#[allow(unused_field)]
public struct MigrationRegistryCreated has copy, drop {
    id: ID,
    beacon: vector<u8>,
}
