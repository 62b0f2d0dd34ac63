// Purpose: how much the graph holds; groups: those that hold domains, not the coarser ones.
// Columns: personas, texts, domains, groups, questions, answers, runs
RETURN COUNT { MATCH (:Persona) } AS personas, COUNT { MATCH (:Text) } AS texts, COUNT { MATCH (:Domain) } AS domains,
       COUNT { MATCH (g:DomainGroup) WHERE coalesce(g.level, 1) = 1 } AS groups, COUNT { MATCH (:Question) } AS questions,
       COUNT { MATCH (:Knowledge) } AS answers, COUNT { MATCH (:Run) } AS runs
