using System.Net;

namespace Exai.Daemon.Tests.Monitoring;

/// <summary>Traps 196, 197: who may see what of the operations endpoint.</summary>
public sealed class OperationsAccessTests
{
    [Theory]
    [InlineData("/health/live", HttpStatusCode.OK)]
    [InlineData("/health/ready", HttpStatusCode.OK)]
    [InlineData("/health", HttpStatusCode.OK)]
    [InlineData("/", HttpStatusCode.Unauthorized)]
    [InlineData("/api/v1/overview", HttpStatusCode.Unauthorized)]
    [InlineData("/api/v1/nothing", HttpStatusCode.Unauthorized)]
    [InlineData("/health/../api/v1/overview", HttpStatusCode.Unauthorized)]
    [InlineData("/signin/made-up", HttpStatusCode.NotFound)]
    public async Task Without_a_token(string path, HttpStatusCode status)
    {
        await using var daemon = await DaemonFixture.StartAsync();

        using var response = await daemon.AskAsync(path, token: null);

        response.StatusCode.ShouldBe(status);
        response.Headers.ShouldNotContain(header => header.Key.StartsWith("Access-Control", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>A wrong address is told before a wrong token, and on every path.</summary>
    [Theory]
    [InlineData("/health/live", "Host", "evil.example")]
    [InlineData("/health/live", "Origin", "http://evil.example")]
    [InlineData("/health", "Origin", "null")]
    [InlineData("/metrics", "Host", "192.168.1.5:8080")]
    [InlineData("/api/v1/overview", "Origin", "http://localhost.evil.example")]
    public async Task From_elsewhere_403(string path, string header, string value)
    {
        await using var daemon = await DaemonFixture.StartAsync();

        using var response = await daemon.AskAsync(path, set: request => request.Headers.TryAddWithoutValidation(header, value));

        response.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    [Theory]
    [InlineData("wrong")]
    [InlineData("")]
    public async Task With_a_wrong_token_401(string token)
    {
        await using var daemon = await DaemonFixture.StartAsync();

        using var response = await daemon.AskAsync("/api/v1/overview", token);

        response.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }
}
