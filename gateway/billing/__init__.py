"""School daycare: days to charges, receipts, a balanced journal and RL-24 slips; all of it must balance."""
