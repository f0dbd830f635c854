{{- /* What qee.controller.settings.Settings reads. */}}
{{- define "qee.settings" -}}
runner:
  images:
    {{- range $engine, $image := .Values.images.runners }}
    {{ $engine }}: {{ include "qee.image" (dict "root" $ "image" $image) | quote }}
    {{- end }}
    {{- range .Values.connectors }}
    {{ .provider }}: {{ include "qee.image" (dict "root" $ "image" (index $.Values.images.connectors .provider)) | quote }}
    {{- end }}
  pullPolicy: {{ .Values.images.pullPolicy }}
  imagePullSecrets: {{ toJson .Values.images.pullSecrets }}
  cpuRequest: {{ .Values.runner.cpuRequest | quote }}
  nodeSelector: {{ toJson .Values.runner.nodeSelector }}
  tolerations: {{ toJson .Values.runner.tolerations }}
  {{- with .Values.runner.priorityClassName }}
  priorityClassName: {{ quote . }}
  {{- end }}
namespaces: {{ toJson .Values.watchNamespaces }}
networkPolicies: {{ .Values.networkPolicies.runners.enabled }}
workers: {{ .Values.settings.workers }}
resyncSeconds: {{ .Values.settings.resyncSeconds }}
childRetentionSeconds: {{ .Values.settings.childRetentionSeconds }}
port: 8080
metricsPort: 9090
leaseNamespace: {{ .Release.Namespace }}
ledgerNamespace: {{ .Release.Namespace }}
verification:
  withoutPolicy: {{ .Values.admission.withoutPolicy }}
{{- if .Values.results.sign }}
resultKey: /etc/qee-result/result.key
{{- end }}
patience:
  {{- toYaml .Values.settings.patience | nindent 2 }}
{{- end }}

{{- /* What qee.connectors.settings.ConnectorSettings reads: dict "root" $ "connector" one of .Values.connectors. */}}
{{- define "qee.connectorSettings" -}}
name: {{ .connector.name }}
provider: {{ .connector.provider }}
backends: {{ toJson .connector.backends }}
{{- if .connector.credentialsSecret }}
credentials: /etc/qee-credentials
{{- end }}
taskKeys: /etc/qee-keys/result.pub
withoutPolicy: {{ .root.Values.admission.withoutPolicy }}
leaseNamespace: {{ .root.Release.Namespace }}
port: 8081
{{- range $key := list "pollSeconds" "describeSeconds" "callSeconds" "submitSeconds" "graceSeconds" "submissionsPerMinute" }}
{{- with index $.connector $key }}
{{ $key }}: {{ . }}
{{- end }}
{{- end }}
{{- end }}
