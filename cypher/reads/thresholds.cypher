// From where on two texts say the same in this graph, as `pgraph dedup` was told last; no row: nobody told it.
// Parameters: run (the one node that keeps them)
// Columns: words, meaning, roles
MATCH (r:Run {id: $run})
RETURN r.same_words AS words, r.same_meaning AS meaning, r.same_roles AS roles
