// How many calls for a group, a domain or a question brought nothing; unordered.
// Columns: about, mode (of an answer), times
MATCH (:Run)-[f:FAILED_ON]->(place) WHERE f.paid AND (place:DomainGroup OR place:Domain OR place:Question)
RETURN place.id AS about, f.mode AS mode, count(f) AS times
