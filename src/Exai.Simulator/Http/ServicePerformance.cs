using System.Text;
using Exai.Simulator.Dialects;
using Exai.Simulator.Services;
using Microsoft.AspNetCore.Http;

namespace Exai.Simulator.Http;

/// <summary>
/// Plays one rule to a request beside chat: (1) headers' time, (2) refusal, (3) the work, (4) the answer. A stage before
/// <see cref="SimulatorStage.Finish"/> comes before the work, that one after it: the file is there, and nobody is told.
/// </summary>
internal sealed class ServicePerformance(
    HttpContext context, SimulatorRequest entry, SimulatorRule rule, SimulatedDialect dialect, TimeProvider time, CancellationToken cancellationToken)
{
    public async Task PlayAsync(Func<ServiceAnswer?> work)
    {
        // 1. Headers' time.
        if (rule.HeadersMs > 0)
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling(rule.HeadersMs)), time, cancellationToken);
        await StopAsync(stage => stage is not null and not SimulatorStage.Finish);

        // 2. Refusal.
        if (rule.Status is not null || rule.HtmlError)
        {
            await ErrorResponder.RespondAsync(context.Response, dialect, rule, entry, cancellationToken);
            return;
        }

        // 3. The work.
        var answer = work();
        await StopAsync(stage => stage == SimulatorStage.Finish);

        // 4. The answer; written down by whoever writes the last byte.
        var problem = answer is null ? dialect.Usual(404) with { Message = $"Nothing answers {entry.Method} {entry.Path}." } : answer.Problem;
        if (problem is not null)
        {
            await ErrorResponder.RespondAsync(context.Response, dialect, problem, entry, cancellationToken);
            return;
        }

        entry.Answering(StatusCodes.Status200OK);
        entry.End(SimulatorOutcome.Completed);
        if (answer!.Json is { } json)
        {
            await ProviderJson.RespondAsync(context.Response, StatusCodes.Status200OK, json, cancellationToken);
            return;
        }

        context.Response.ContentType = "text/plain; charset=utf-8";
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(answer.Text ?? ""), cancellationToken);
    }

    private async Task StopAsync(Func<string?, bool> here)
    {
        if (here(rule.HangAt))
            await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
        if (!here(rule.DropAt))
            return;
        entry.End(SimulatorOutcome.Dropped);
        context.Abort();
        throw new SimulatedDropException();
    }
}
