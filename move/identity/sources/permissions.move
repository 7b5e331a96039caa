/// What a delegation token allows: one bit for each way to act on a proposal.
module identity::permissions;

const CREATE_PROPOSAL: u32 = 1;
const APPROVE_PROPOSAL: u32 = 2;
const EXECUTE_PROPOSAL: u32 = 4;
const DELETE_PROPOSAL: u32 = 8;
/// Also 16, to take a vote back, which no function here does, and what later versions may add.
const ALL: u32 = 0xFFFF_FFFF;

public fun can_create_proposal(): u32 { CREATE_PROPOSAL }

public fun can_approve_proposal(): u32 { APPROVE_PROPOSAL }

public fun can_execute_proposal(): u32 { EXECUTE_PROPOSAL }

public fun can_delete_proposal(): u32 { DELETE_PROPOSAL }

public fun all(): u32 { ALL }

/// Everything that `permissions` does not allow.
public fun not(permissions: u32): u32 { permissions ^ ALL }
