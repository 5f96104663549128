// Peer: Go net/http and pgx, checking that fields are there and the id is a UUID.
// Built as bench/contestants.ts does, with the pgx that Debian ships.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

const summaryColumns = `id::text, server_name, repository_url, status, submitted_at,
	developer_email, revision, approvals, reviewed_at, reviewed_by, risk_level, trifecta,
	completeness, error_count, critical_failures`
const fullColumns = summaryColumns + `, report_data, review_notes, content_sha256, report_json`

type summary struct {
	ID             string     `json:"id"`
	ServerName     string     `json:"server_name"`
	RepositoryURL  string     `json:"repository_url"`
	Status         string     `json:"status"`
	SubmittedAt    time.Time  `json:"submitted_at"`
	DeveloperEmail string     `json:"developer_email"`
	Revision       int        `json:"revision"`
	Approvals      int        `json:"approvals"`
	ReviewedAt     *time.Time `json:"reviewed_at"`
	ReviewedBy     *string    `json:"reviewed_by"`
	RiskLevel      string     `json:"risk_level"`
	Trifecta       string     `json:"trifecta"`
	Completeness   *int       `json:"completeness"`
	ErrorCount     *int       `json:"error_count"`
	CriticalFails  *int       `json:"critical_failures"`
}

type report struct {
	summary
	ReportData    string           `json:"report_data"`
	ReviewNotes   *string          `json:"review_notes"`
	ContentSha256 string           `json:"content_sha256"`
	ReportJSON    *json.RawMessage `json:"report_json"`
}

func (s *summary) fields() []interface{} {
	return []interface{}{&s.ID, &s.ServerName, &s.RepositoryURL, &s.Status, &s.SubmittedAt,
		&s.DeveloperEmail, &s.Revision, &s.Approvals, &s.ReviewedAt, &s.ReviewedBy, &s.RiskLevel, &s.Trifecta,
		&s.Completeness, &s.ErrorCount, &s.CriticalFails}
}

func (r *report) fields() []interface{} {
	return append(r.summary.fields(), &r.ReportData, &r.ReviewNotes, &r.ContentSha256, &r.ReportJSON)
}

var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

func answer(w http.ResponseWriter, status int, value interface{}) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(value)
}

func main() {
	url := os.Getenv("DATABASE_URL")
	separator := "?"
	if strings.Contains(url, "?") {
		separator = "&"
	}
	pool, err := pgxpool.New(context.Background(), url+separator+"pool_max_conns=10")
	if err != nil {
		panic(err)
	}
	http.HandleFunc("/api/v1/reports/", func(w http.ResponseWriter, r *http.Request) {
		id := strings.TrimPrefix(r.URL.Path, "/api/v1/reports/")
		if !uuid.MatchString(id) {
			http.Error(w, "not a UUID", http.StatusBadRequest)
			return
		}
		var found report
		if err := pool.QueryRow(r.Context(),
			"SELECT "+fullColumns+" FROM mcp_server_reports WHERE id = $1", id).Scan(found.fields()...); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		answer(w, http.StatusOK, found)
	})
	http.HandleFunc("/api/v1/reports", func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			submit(pool, w, r)
			return
		}
		limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
		if err != nil || limit < 1 || limit > 200 {
			http.Error(w, "limit is not valid", http.StatusBadRequest)
			return
		}
		rows, err := pool.Query(r.Context(),
			"SELECT "+summaryColumns+" FROM mcp_server_reports ORDER BY submitted_at DESC, id DESC LIMIT $1", limit)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		defer rows.Close()
		list := make([]summary, 0, limit)
		for rows.Next() {
			var row summary
			if err := rows.Scan(row.fields()...); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			list = append(list, row)
		}
		answer(w, http.StatusOK, list)
	})
	panic(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}

func submit(pool *pgxpool.Pool, w http.ResponseWriter, r *http.Request) {
	var given map[string]string
	if err := json.NewDecoder(r.Body).Decode(&given); err != nil {
		http.Error(w, "not JSON", http.StatusBadRequest)
		return
	}
	for _, name := range []string{"server_name", "repository_url", "developer_email", "report_data"} {
		if given[name] == "" {
			http.Error(w, name+" is required", http.StatusBadRequest)
			return
		}
	}
	hash := sha256.Sum256([]byte(given["report_data"]))
	var stored report
	if err := pool.QueryRow(r.Context(), `INSERT INTO mcp_server_reports (server_name, repository_url,
			repository_key, developer_email, report_data, content_sha256, revision)
		VALUES ($1, $2, $3, $4, $5, $6, (
			SELECT coalesce(max(revision), 0) + 1 FROM mcp_server_reports WHERE repository_key = $3
		)) ON CONFLICT DO NOTHING RETURNING `+fullColumns,
		given["server_name"], given["repository_url"],
		strings.ToLower(strings.TrimPrefix(given["repository_url"], "https://")),
		given["developer_email"], given["report_data"], hex.EncodeToString(hash[:])).Scan(stored.fields()...); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer(w, http.StatusCreated, stored)
}
