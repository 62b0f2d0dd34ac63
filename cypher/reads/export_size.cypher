// Purpose: how large the graph is, before an export holds it in memory.
// Columns: nodes, edges
CALL () { MATCH (node:Persona) RETURN count(node) AS personas }
CALL () { MATCH (node:Text) RETURN count(node) AS texts }
CALL () { MATCH (node:Domain) RETURN count(node) AS domains }
CALL () { MATCH (node:DomainGroup) RETURN count(node) AS regions }
CALL () { MATCH (node:Question) RETURN count(node) AS questions }
CALL () { MATCH (node:Knowledge) RETURN count(node) AS answers }
CALL () { MATCH (node:Run) RETURN count(node) AS runs }
CALL () { MATCH (:Persona)-[edge]->() RETURN count(edge) AS ours }
CALL () { MATCH (:Domain)-[edge]->(:DomainGroup) RETURN count(edge) AS groupings }
CALL () { MATCH (:DomainGroup)-[edge]->() RETURN count(edge) AS levels }
CALL () { MATCH (:Question)-[edge]->() RETURN count(edge) AS asking }
CALL () { MATCH (:Knowledge)-[edge]->() RETURN count(edge) AS knowing }
CALL () { MATCH (:Run)-[edge]->() RETURN count(edge) AS failures }
RETURN personas + texts + domains + regions + questions + answers + runs AS nodes,
       ours + groupings + levels + asking + knowing + failures AS edges
