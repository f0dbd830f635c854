{{- /* "true" where the webhook's certificate is made by the certs process. */}}
{{- define "qee.ownCertificates" -}}
{{- if and .Values.admission.enabled (eq .Values.admission.certificates.provider "self") }}true{{ end }}
{{- end }}

{{- /* "true" where there is anything for the certs process to do. */}}
{{- define "qee.certs" -}}
{{- if or (include "qee.ownCertificates" .) .Values.results.sign }}true{{ end }}
{{- end }}

{{- /* Names that the certs process knows, the same in every installation: each has its own namespace. */}}
{{- define "qee.resultSecret" -}}qee-result-key{{- end }}
{{- define "qee.resultConfigMap" -}}qee-result-pub{{- end }}

{{- /* What qee.certs.settings.Settings reads. */}}
{{- define "qee.certsSettings" -}}
namespace: {{ .Release.Namespace }}
# cert-manager: the webhook's certificate is made elsewhere, or not at all.
provider: {{ ternary "self" "cert-manager" (eq (include "qee.ownCertificates" .) "true") }}
resultKey: {{ .Values.results.sign }}
webhook: {{ include "qee.fullname" . }}-webhook
port: 8080
{{- end }}

{{- /* What qee.webhook.settings.Settings reads. */}}
{{- define "qee.webhookSettings" -}}
tlsDirectory: /etc/qee-tls
port: 8443
healthPort: 8081
withoutPolicy: {{ .Values.admission.withoutPolicy }}
clients: {{ toJson .Values.admission.clients }}
{{- with .Values.admission.clientCertificates }}
{{- if .authorityConfigMap }}
clientCa: /etc/qee-clients/ca.crt
{{- else if .names }}
{{- fail "admission.clientCertificates.names needs authorityConfigMap: without an authority no certificate is asked for" }}
{{- end }}
clientNames: {{ toJson .names }}
{{- end }}
{{- end }}
