// Every question with what it is about, once for each of its sightings' places; unordered.
// Columns: id, text, topic, kind, language, context, marked, reask (by a judge), about (id of a group or domain),
//          times (sightings there)
MATCH (q:Question)-[a:ASKS_ABOUT]->(place)
RETURN q.id AS id, q.text AS text, q.topic AS topic, q.kind AS kind, q.language AS language, q.context AS context,
       q.marked AS marked, q.reask AS reask,
       place.id AS about, count(a) AS times
