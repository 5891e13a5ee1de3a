{{- define "fullhouse.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end }}

{{- define "fullhouse.name" -}}
{{ .Release.Name }}-{{ .name }}
{{- end }}

{{- define "fullhouse.selector" -}}
app.kubernetes.io/name: fullhouse
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: {{ .name }}
{{- end }}

{{- define "fullhouse.labels" -}}
{{ include "fullhouse.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{/* All that runs, as one map: the services, the gateway and operations, each with the defaults filled in. */}}
{{- define "fullhouse.components" -}}
{{- $all := dict -}}
{{- $databases := list -}}
{{- range $name, $own := .Values.services -}}
{{- $_ := set $all $name (mergeOverwrite (deepCopy $.Values.defaults) (deepCopy $own)) -}}
{{- $databases = concat $databases $own.database -}}
{{- end -}}
{{- $single := dict "autoscaling" (dict "enabled" false) -}}
{{- $_ := set $all "gateway" (mergeOverwrite (deepCopy .Values.defaults) $single (deepCopy .Values.gateway)) -}}
{{- $_ := set $all "operations" (mergeOverwrite (deepCopy .Values.defaults) $single (deepCopy .Values.operations) (dict "database" (sortAlpha $databases))) -}}
{{- toYaml $all -}}
{{- end }}

{{/* One variable from a secret. Those that an installation may go without are optional. */}}
{{- define "fullhouse.secretVariable" -}}
- name: {{ .key }}
  valueFrom:
    secretKeyRef:
      name: {{ .secret }}
      key: {{ .key }}
      {{- if or (hasPrefix "WALLET_" .key) (hasPrefix "GOOGLE_WALLET_" .key) (has .key (list "SMTP_URL" "TWILIO_AUTH_TOKEN" "KAFKA_SASL_PASSWORD" "FULLHOUSE_ADMIN_EMAIL" "FULLHOUSE_ADMIN_PASSWORD" "SANDBOX_DATABASE_URL" "SANDBOX_WEBHOOK_SECRET" "STRIPE_SECRET_KEY" "STRIPE_WEBHOOK_SECRET")) }}
      optional: true
      {{- end }}
{{- end }}

{{/*
What single processes are told and others are not. Half of an account, which is all that those without its secret would have, ends a start;
who begins payments for browsers asks Stripe, too.
*/}}
{{- define "fullhouse.ownVariables" -}}
{{- $asksStripe := and (eq .name "user") (hasKey .root.Values.config.extra "STRIPE_PUBLISHABLE_KEY") }}
{{- if and $asksStripe (not (has "STRIPE_SECRET_KEY" (.component.secrets | default list))) }}
{{- include "fullhouse.secretVariable" (dict "key" "STRIPE_SECRET_KEY" "secret" .root.Values.secrets.application) }}
{{- end }}
{{- with .root.Values.config -}}
{{- if hasKey .extra "TWILIO_ACCOUNT_SID" }}
{{- fail "config.extra.TWILIO_ACCOUNT_SID would reach processes that have no TWILIO_AUTH_TOKEN, and end their start: set config.twilio instead" }}
{{- end }}
{{- if ne (empty .twilio.accountSid) (empty .twilio.from) }}
{{- fail "config.twilio has accountSid or from alone: set both, or neither" }}
{{- end }}
{{- if and .twilio.accountSid (eq $.name "notification") -}}
- { name: TWILIO_ACCOUNT_SID, value: {{ .twilio.accountSid | quote }} }
- { name: TWILIO_FROM, value: {{ .twilio.from | quote }} }
{{- end }}
{{- end }}
{{- end }}

{{- define "fullhouse.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "fullhouse.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{/* The root is read-only: what may be written, and the certificates that Kafka's are signed by. */}}
{{- define "fullhouse.mounts" -}}
- { name: tmp, mountPath: /tmp }
{{- if .Values.kafka.tlsCa.secret }}
- { name: kafka-ca, mountPath: /kafka-ca, readOnly: true }
{{- end }}
{{- end }}

{{- define "fullhouse.volumes" -}}
- name: tmp
  emptyDir: { sizeLimit: 64Mi }
{{- if and .Values.kafka.tlsCa.secret (not .Values.kafka.tls) }}
{{- fail "kafka.tlsCa.secret names certificates, and kafka.tls is false: set kafka.tls to true, or leave the secret out" }}
{{- end }}
{{- with .Values.kafka.tlsCa }}
{{- if .secret }}
- name: kafka-ca
  secret: { secretName: {{ .secret | quote }}, items: [{ key: {{ .key | quote }}, path: ca.crt }] }
{{- end }}
{{- end }}
{{- end }}
