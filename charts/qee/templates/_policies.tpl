{{- /*
What the ValidatingAdmissionPolicies have in common. They hold without the webhook, for every account, cluster-admin
included, and are evaluated in the API server itself. All fail closed, so every expression asks whether a field is there
before it reads it.
*/}}

{{- /* CEL list of the accounts that act as QEE's operator. */}}
{{- define "qee.operatorAccounts" -}}
{{- $own := printf "system:serviceaccount:%s:%s" .Release.Namespace (include "qee.serviceAccount" .) }}
{{- toJson (concat (list $own) .Values.admission.policies.operators) }}
{{- end }}

{{- /* CEL map from each connector's account to the backends that it serves. */}}
{{- define "qee.connectorBackends" -}}
{{- $found := dict }}
{{- range .Values.connectors }}
{{- $account := printf "system:serviceaccount:%s:%s-connector-%s" $.Release.Namespace (include "qee.fullname" $) .name }}
{{- $_ := set $found $account .backends }}
{{- end }}
{{- toJson $found }}
{{- end }}

{{- /* CEL list of the images that the operator may run. */}}
{{- define "qee.runnerImages" -}}
{{- $images := list }}
{{- range .Values.images.runners }}
{{- $images = append $images (include "qee.image" (dict "root" $ "image" .)) }}
{{- end }}
{{- range .Values.connectors }}
{{- $images = append $images (include "qee.image" (dict "root" $ "image" (index $.Values.images.connectors .provider))) }}
{{- end }}
{{- toJson $images }}
{{- end }}

{{- /* The binding of a policy: dict "root" $ "name" NAME and, for policies with parameters, "paramRef". */}}
{{- define "qee.policyBinding" -}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: {{ include "qee.fullname" .root }}-{{ .name }}
  labels:
    {{- include "qee.labels" .root | nindent 4 }}
spec:
  policyName: {{ include "qee.fullname" .root }}-{{ .name }}
  validationActions: [Deny]
  {{- with .paramRef }}
  paramRef:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{- /* The head of a policy: dict "root" $ "name" NAME. */}}
{{- define "qee.policyHead" -}}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: {{ include "qee.fullname" .root }}-{{ .name }}
  labels:
    {{- include "qee.labels" .root | nindent 4 }}
{{- end }}

{{- /* The API server's defaults, written out: the field is one value to whoever applies, and GitOps tools compare it. */}}
{{- define "qee.everywhere" -}}
matchPolicy: Equivalent
namespaceSelector: {}
objectSelector: {}
{{- end }}
