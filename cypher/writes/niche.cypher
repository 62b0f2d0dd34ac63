// Purpose: the niche of each domain, by the id of the domain at its centre.
// Rows: {domain, niche}
UNWIND $rows AS row
MATCH (domain:Domain {id: row.domain})
SET domain.niche = row.niche
