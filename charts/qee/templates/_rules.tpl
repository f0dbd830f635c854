{{- /*
The operator's rights where jobs are. A test holds them equal to the calls in the code, and e2e/rbac.py to what the API
server's audit log saw.
*/}}
{{- define "qee.rules.jobs" -}}
- apiGroups: [qee.dev]
  resources: [quantumjobs]
  verbs: [get, list, watch, delete] # delete: ttlSecondsAfterFinished
- apiGroups: [qee.dev]
  resources: [quantumjobs/status]
  verbs: [patch]
- apiGroups: [qee.dev]
  resources: [quantumjobs/finalizers]
  verbs: [update] # OwnerReferencesPermissionEnforcement asks for it: children block their owner's deletion
- apiGroups: [qee.dev]
  resources: [quantumtasks]
  verbs: [get, list, watch, create, patch, deletecollection] # patch: cancelRequested and the finalizer
- apiGroups: [qee.dev]
  resources: [quantumbudgets]
  verbs: [get, list]
- apiGroups: [qee.dev]
  resources: [quantumbudgets/status]
  verbs: [patch]
- apiGroups: [batch]
  resources: [jobs]
  verbs: [get, list, watch, create, delete, deletecollection]
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch]
- apiGroups: [""]
  resources: [pods/log]
  verbs: [get]
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get, list, create]
- apiGroups: [""]
  resources: [persistentvolumeclaims]
  verbs: [get] # whether the claim of spec.results bears the label by which its owner dedicates it
- apiGroups: [""]
  resources: [events]
  verbs: [create]
{{- if .Values.networkPolicies.runners.enabled }}
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [get, create] # get: whether the one of its name is still the operator's
{{- end }}
{{- end }}
