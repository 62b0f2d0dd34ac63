// Every judgement by one rubric, those that failed included; unordered.
// Parameters: rubric
// Columns: item, judge, at, failure, scores (in the order of criteria), criteria, reason
MATCH (:Run)-[j:JUDGED]->(item) WHERE j.rubric = $rubric
RETURN item.id AS item, j.judge AS judge, j.at AS at, j.failure AS failure, j.scores AS scores,
       j.criteria AS criteria, j.reason AS reason
