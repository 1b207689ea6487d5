using System.Globalization;
using Exai.Simulator.Dialects;
using Microsoft.AspNetCore.Http;

namespace Exai.Simulator.Http;

/// <summary>Refusals over plain HTTP: the dialect's error object or a gateway's HTML page, with the waiting time if the rule names one.</summary>
internal static class ErrorResponder
{
    private const string Page = """
        <html>
        <head><title>STATUS Gateway Error</title></head>
        <body>
        <center><h1>STATUS Gateway Error</h1></center>
        <hr><center>nginx</center>
        </body>
        </html>

        """;

    public static async Task RespondAsync(
        HttpResponse response, SimulatedDialect dialect, ProviderProblem problem, SimulatorRequest entry, CancellationToken cancellationToken)
    {
        entry.Answering(problem.Status);
        // The end is written down before the last byte: a client that has read the answer finds the log up to date.
        entry.End(SimulatorOutcome.Error);
        await ProviderJson.RespondAsync(response, problem.Status, dialect.Error(problem), cancellationToken);
    }

    public static async Task RespondAsync(
        HttpResponse response, SimulatedDialect dialect, SimulatorRule rule, SimulatorRequest entry, CancellationToken cancellationToken)
    {
        if (rule.RetryAfterSecs is { } seconds)
            AddRetryAfter(response, dialect, seconds);
        if (!rule.HtmlError)
        {
            await RespondAsync(response, dialect, Problem(dialect, rule, entry.At), entry, cancellationToken);
            return;
        }

        response.StatusCode = rule.Status ?? StatusCodes.Status504GatewayTimeout;
        response.ContentType = "text/html";
        entry.Answering(response.StatusCode);
        entry.End(SimulatorOutcome.Error);
        var status = response.StatusCode.ToString(CultureInfo.InvariantCulture);
        await response.WriteAsync(Page.Replace("STATUS", status, StringComparison.Ordinal), cancellationToken);
    }

    /// <summary>Whether the rule refuses the request over plain HTTP.</summary>
    public static bool Refuses(SimulatorRule rule, SimulatedDialect dialect) =>
        rule.Status is not null || rule.HtmlError
        || (rule.StreamError is null && rule.ErrorCode is { } code && dialect.Known(code) is not null);

    private static ProviderProblem Problem(SimulatedDialect dialect, SimulatorRule rule, DateTimeOffset now)
    {
        var known = rule.ErrorCode is { } listed ? dialect.Known(listed) : null;
        var usual = known is null
            ? dialect.Usual(rule.Status ?? StatusCodes.Status500InternalServerError)
            : known with { Status = rule.Status ?? known.Status };
        var code = rule.ErrorCode switch
        {
            null => usual.Code,
            "" => null,
            var given => given,
        };
        var message = rule.ErrorMessage ?? (rule.ChineseErrors ? usual.Chinese : null) ?? usual.Message;
        return usual with { Code = code, Message = message.Replace("{reset}", ResetTime(now), StringComparison.Ordinal) };
    }

    private static string ResetTime(DateTimeOffset now) =>
        now.AddHours(2).ToOffset(TimeSpan.FromHours(8)).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    private static void AddRetryAfter(HttpResponse response, SimulatedDialect dialect, double seconds)
    {
        if (seconds != Math.Floor(seconds))
        {
            response.Headers["retry-after-ms"] = Math.Ceiling(seconds * 1000).ToString(CultureInfo.InvariantCulture);
            return;
        }

        var text = seconds.ToString(CultureInfo.InvariantCulture);
        response.Headers.RetryAfter = text;
        if (dialect is KimiDialect)
            response.Headers["x-retry-after"] = text;
    }
}
