// What tells whether the graph has changed since it was counted, by counts that cost little in a large one.
// Every command that asks a model counts in its Run what it wrote, in the same transaction.
// Columns: personas, domains, groups, first_group, last_group, duplicates, runs, answers (named by calls), updated, started, ended,
//          thresholds (of duplicates, added up)
CALL () { MATCH (g:DomainGroup) RETURN count(g) AS groups, min(g.id) AS first_group, max(g.id) AS last_group }
CALL () {
  MATCH (r:Run)
  RETURN count(r) AS runs, sum(coalesce(r.new, 0) + coalesce(r.duplicate, 0)) AS answers, max(r.updated) AS updated,
         max(r.started) AS started, max(r.ended) AS ended,
         sum(coalesce(r.same_words, 0) + coalesce(r.same_meaning, 0) + coalesce(r.same_roles, 0)) AS thresholds
}
CALL () { MATCH ()-[m:DUPLICATE_OF]->() RETURN count(m) AS duplicates }
RETURN COUNT { MATCH (:Persona) } AS personas, COUNT { MATCH (:Domain) } AS domains, groups, first_group, last_group,
       duplicates, runs, answers, updated, started, ended, thresholds
