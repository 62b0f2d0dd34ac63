// What is asked about some groups and domains, and up to three of the answers to each; unordered.
// Parameters: ids, limit (of those about groups, and again of those about domains)
// Columns: id, text, topic, answers (texts), known (how many answers there are)
UNWIND $ids AS id
MATCH (:DomainGroup {id: id})<-[:ASKS_ABOUT]-(q:Question)
WITH DISTINCT q ORDER BY q.id LIMIT $limit
OPTIONAL MATCH (k:Knowledge)-[:ANSWERS]->(q)
WITH q, k ORDER BY k.id
RETURN q.id AS id, q.text AS text, q.topic AS topic, collect(left(k.text, 1000))[0..3] AS answers, count(k) AS known
UNION
UNWIND $ids AS id
MATCH (:Domain {id: id})<-[:ASKS_ABOUT]-(q:Question)
WITH DISTINCT q ORDER BY q.id LIMIT $limit
OPTIONAL MATCH (k:Knowledge)-[:ANSWERS]->(q)
WITH q, k ORDER BY k.id
RETURN q.id AS id, q.text AS text, q.topic AS topic, collect(left(k.text, 1000))[0..3] AS answers, count(k) AS known
