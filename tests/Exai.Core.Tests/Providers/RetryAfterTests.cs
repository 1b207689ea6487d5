using Exai.Core.Providers;
using Exai.Core.Providers.Glm;

namespace Exai.Core.Tests.Providers;

/// <summary>Now is 2026-10-01 10:00 UTC, which is 12:00 in the test's zone and 18:00 in China.</summary>
public sealed class RetryAfterTests
{
    [Theory]
    [InlineData("Retry-After", "7", 7.0)]
    [InlineData("Retry-After", "1.5", 1.5)]
    [InlineData("retry-after-ms", "250", 0.25)]
    [InlineData("x-retry-after", "1", 1.0)]
    [InlineData("Retry-After", "Thu, 01 Oct 2026 10:01:30 GMT", 90.0)]
    [InlineData("Retry-After", "Thu, 01 Oct 2026 09:00:00 GMT", 0.0)]
    [InlineData("Retry-After", "-5", null)]
    [InlineData("Retry-After", "NaN", null)]
    [InlineData("Retry-After", "1e300", null)]
    [InlineData("Retry-After", "soon", null)]
    [InlineData("Retry-After", "", null)]
    public async Task Header_sets_the_wait(string name, string value, double? seconds)
    {
        var failed = await FailAsync("""{"error":{"type":"rate_limit_reached_error","message":"slow down"}}""", (name, value));

        (failed.RetryAfter?.TotalSeconds).ShouldBe(seconds);
        failed.Error.RetryAfterSecs.ShouldBe(seconds);
    }

    [Fact]
    public async Task Milliseconds_are_the_more_exact_word() =>
        (await FailAsync("{}", ("Retry-After", "1"), ("retry-after-ms", "400"))).RetryAfter.ShouldBe(TimeSpan.FromMilliseconds(400));

    [Theory]
    [InlineData("Usage limit reached. Your limit will reset at 2026-10-01 20:00:00", 2)]
    [InlineData("Resets at 2026-10-01 18:30:00.", 0.5)]
    [InlineData("您的限额将在 2026-10-01 19:00:00 重置", 1)]
    [InlineData("will reset at 2026-10-01 12:00:00 UTC", 2)]
    [InlineData("will reset at 2026-10-01T12:00:00Z", 2)]
    [InlineData("will reset at 2026-10-01 12:00:00 +02:00", 0)]
    [InlineData("will reset at 2026-10-01 13:00:00 (UTC+2)", 1)]
    [InlineData("will reset at 2026-10-01 07:30:00 -0400", 1.5)]
    public async Task Glm_reset_time_is_china_s_unless_it_says_otherwise(string message, double hours)
    {
        var failed = await GlmAsync(message);
        failed.RetryAfter.ShouldBe(hours == 0 ? null : TimeSpan.FromHours(hours));
    }

    [Theory]
    [InlineData("will reset at 2026-13-41 99:00:00")]
    [InlineData("will reset at 0001-01-01 00:00:00 +13")]
    [InlineData("will reset at 9999-12-31 23:59:59 -12:00")]
    [InlineData("in the year 2026-10-01 20:00:00")]
    public void Glm_reset_time_that_is_none_is_not_read(string message) => GlmResetTime.Read(message).ShouldBeNull();

    [Fact]
    public async Task Used_up_quota_names_the_local_time_and_beats_a_shorter_header()
    {
        var failed = await GlmAsync("Your limit will reset at 2026-10-01 20:00:00", ("retry-after-ms", "1000"));

        failed.RetryAfter.ShouldBe(TimeSpan.FromHours(2));
        failed.Message.ShouldContain("It comes back at 2026-10-01 14:00 +02:00.");
    }

    private static Task<ProviderException> GlmAsync(string message, params (string Name, string Value)[] headers) =>
        RunAsync(Wire.Glm, "glm-4.6", $$"""{"error":{"code":"1308","message":"{{message}}"} }""", headers);

    private static Task<ProviderException> FailAsync(string body, params (string Name, string Value)[] headers) =>
        RunAsync((handler, _) => Wire.Kimi(handler), "kimi-k3", body, headers);

    private static async Task<ProviderException> RunAsync(
        Func<VerbatimHandler, GlmWebSearchOptions?, Microsoft.Extensions.AI.IChatClient> client, string model, string body, (string Name, string Value)[] headers)
    {
        var handler = new VerbatimHandler
        {
            Status = System.Net.HttpStatusCode.TooManyRequests,
            Reads = [Wire.Utf8(body)],
            ResponseHeaders = headers.ToDictionary(header => header.Name, header => header.Value),
        };
        return (await Wire.RunAsync(client(handler, null), Wire.Options(model))).Failed;
    }
}
