OPENQASM 2.0;
include "qelib1.inc";
// Teleports ry(1.2)|0> from q[0] to q[2]; the corrections depend on what was measured
qreg q[3];
creg zbit[1];
creg xbit[1];
creg out[1];
ry(1.2) q[0];
h q[1];
cx q[1], q[2];
cx q[0], q[1];
h q[0];
measure q[0] -> zbit[0];
measure q[1] -> xbit[0];
if (xbit == 1) x q[2];
if (zbit == 1) z q[2];
measure q[2] -> out[0];
