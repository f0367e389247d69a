-- Jobs are taken up by destination: one that is held back by a limit holds up no other of its runner.

DROP INDEX abell_job_waiting;
CREATE INDEX abell_job_waiting ON abell_job (destination_id, id) WHERE state = 'waiting';
