// Purpose: judgements of questions by a run, those that failed included.
// Rows: {run, item, call, props: {rubric, judge, at, criteria, scores, reason, failure}}
UNWIND $rows AS row
MATCH (run:Run {id: row.run})
MATCH (item:Question {id: row.item})
MERGE (run)-[judged:JUDGED {call: row.call}]->(item)
ON CREATE SET judged += row.props
