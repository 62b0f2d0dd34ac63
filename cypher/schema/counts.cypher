// Purpose: how much the graph holds.
// Columns: personas, texts, domains, groups, questions, answers, runs
RETURN COUNT { MATCH (:Persona) } AS personas, COUNT { MATCH (:Text) } AS texts, COUNT { MATCH (:Domain) } AS domains,
       COUNT { MATCH (:DomainGroup) } AS groups, COUNT { MATCH (:Question) } AS questions,
       COUNT { MATCH (:Knowledge) } AS answers, COUNT { MATCH (:Run) } AS runs
