OPENQASM 3.0;
include "stdgates.inc";
// Two iterations of Grover's search for 110 among eight (q[2] q[1] q[0] = 1 1 0)
gate ccz a, b, c { h c; ccx a, b, c; h c; }
gate oracle a, b, c { x a; ccz a, b, c; x a; }
gate diffusion a, b, c {
  h a; h b; h c;
  x a; x b; x c;
  ccz a, b, c;
  x a; x b; x c;
  h a; h b; h c;
}
qubit[3] q;
bit[3] c;
h q;
oracle q[0], q[1], q[2];
diffusion q[0], q[1], q[2];
oracle q[0], q[1], q[2];
diffusion q[0], q[1], q[2];
c = measure q;
