namespace Exai.Daemon.Health;

/// <summary>A length of time as people say it: its two largest units.</summary>
internal static class HumanDuration
{
    /// <example>6 s · 12 min 5 s · 3 h 20 min · 2 d 4 h</example>
    public static string Of(TimeSpan duration) => duration switch
    {
        { TotalMinutes: < 1 } => $"{duration.Seconds} s",
        { TotalHours: < 1 } => $"{duration.Minutes} min {duration.Seconds} s",
        { TotalDays: < 1 } => $"{duration.Hours} h {duration.Minutes} min",
        _ => $"{duration.Days} d {duration.Hours} h",
    };
}
