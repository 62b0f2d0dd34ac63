// Purpose: how large the graph is, before an export holds it in memory.
// Columns: nodes, edges
CALL () { MATCH (node:Persona) RETURN count(node) AS personas }
CALL () { MATCH (node:Text) RETURN count(node) AS texts }
CALL () { MATCH (node:Domain) RETURN count(node) AS domains }
CALL () { MATCH (node:DomainGroup) RETURN count(node) AS regions }
CALL () { MATCH (node:Run) RETURN count(node) AS runs }
CALL () { MATCH (:Persona)-[edge]->() RETURN count(edge) AS ours }
CALL () { MATCH (:Domain)-[edge]->(:DomainGroup) RETURN count(edge) AS groupings }
CALL () { MATCH (:Run)-[edge]->(:Persona) RETURN count(edge) AS failures }
CALL () { MATCH (:Run)-[edge]->(:Text) RETURN count(edge) AS misses }
RETURN personas + texts + domains + regions + runs AS nodes, ours + groupings + failures + misses AS edges
