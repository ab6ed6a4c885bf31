package engine

import "time"

// UpdateContinuousBackups and DescribeContinuousBackups
//
// Behaviour:
//   - Point-in-time recovery can be enabled and disabled, with 1 to 35 days, 35 by default; tables
//     begin with it disabled. Nothing is backed up: the setting is kept and reported, and the earliest
//     moment is that of enabling.
//   - Continuous backups themselves are always ENABLED.
//   - An unknown table is a TableNotFoundException.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateContinuousBackups.html

type updateContinuousBackupsInput struct {
	TableName                        *string                           `is:"required table"`
	PointInTimeRecoverySpecification *pointInTimeRecoverySpecification `is:"required"`
}

type pointInTimeRecoverySpecification struct {
	PointInTimeRecoveryEnabled *bool  `is:"required"`
	RecoveryPeriodInDays       *int32 `is:"range=1:35"`
}

type describeContinuousBackupsInput struct {
	TableName *string `is:"required table"`
}

// recovery is the setting of a table; days is 0 while it is disabled.
type recovery struct {
	days  int32
	since time.Time
}

const (
	defaultRecoveryDays = 35
	// recoveryLag is how far behind the latest restorable moment is.
	recoveryLag = 5 * time.Minute
)

func (ac *Account) updateContinuousBackups(in *updateContinuousBackupsInput) ([]byte, error) {
	t, err := ac.backedTable(*in.TableName)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	spec, now := in.PointInTimeRecoverySpecification, ac.cfg.Now()
	r := &t.settings.recovery
	switch {
	case !*spec.PointInTimeRecoveryEnabled && spec.RecoveryPeriodInDays != nil:
		return nil, badValue("RecoveryPeriodInDays can only be specified when PointInTimeRecoveryEnabled is true")
	case !*spec.PointInTimeRecoveryEnabled:
		*r = recovery{}
	case r.days == 0:
		*r = recovery{defaultRecoveryDays, now}
	}
	if spec.RecoveryPeriodInDays != nil {
		r.days = *spec.RecoveryPeriodInDays
	}
	return r.describe(now)
}

func (ac *Account) describeContinuousBackups(in *describeContinuousBackupsInput) ([]byte, error) {
	t, err := ac.backedTable(*in.TableName)
	if err != nil {
		return nil, err
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.settings.recovery.describe(ac.cfg.Now())
}

func (ac *Account) backedTable(name string) (*table, error) {
	t, err := ac.describedTable(name)
	if err != nil {
		return nil, clientError("TableNotFoundException", "Table not found: "+name)
	}
	return t, nil
}

func (r recovery) describe(now time.Time) ([]byte, error) {
	type pointInTime struct {
		PointInTimeRecoveryStatus  string
		RecoveryPeriodInDays       int32    `json:",omitempty"`
		EarliestRestorableDateTime *seconds `json:",omitempty"`
		LatestRestorableDateTime   *seconds `json:",omitempty"`
	}
	type description struct {
		ContinuousBackupsStatus        string
		PointInTimeRecoveryDescription pointInTime
	}
	d := description{"ENABLED", pointInTime{PointInTimeRecoveryStatus: "DISABLED"}}
	if r.days > 0 {
		earliest := r.since
		if limit := now.AddDate(0, 0, -int(r.days)); earliest.Before(limit) {
			earliest = limit
		}
		latest := now.Add(-recoveryLag)
		if latest.Before(earliest) {
			latest = earliest
		}
		d.PointInTimeRecoveryDescription = pointInTime{"ENABLED", r.days, since(earliest), since(latest)}
	}
	return marshal(struct{ ContinuousBackupsDescription description }{d})
}
