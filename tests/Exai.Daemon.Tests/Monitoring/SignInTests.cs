using System.Net;
using System.Text.Json.Nodes;

namespace Exai.Daemon.Tests.Monitoring;

/// <summary>A browser gets in by a link that works once; the token is in no address.</summary>
public sealed class SignInTests
{
    [Fact]
    public async Task Link_works_once_and_its_cookie_opens_the_page_and_the_API()
    {
        await using var daemon = await DaemonFixture.StartAsync();
        var link = await NewLinkAsync(daemon);

        using var first = await daemon.AskAsync(link, token: null);
        using var second = await daemon.AskAsync(link, token: null);

        (first.StatusCode, second.StatusCode).ShouldBe((HttpStatusCode.Redirect, HttpStatusCode.NotFound));
        var cookie = first.Headers.GetValues("Set-Cookie").Single();
        cookie.ShouldContain("httponly", Case.Insensitive);
        cookie.ShouldContain("samesite=strict", Case.Insensitive);
        cookie.ShouldNotContain(DaemonFixture.Token);
        link.ShouldNotContain(DaemonFixture.Token);
        using var overview = await WithCookieAsync(daemon, cookie, "/api/v1/overview");
        overview.StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    /// <summary>Browsers send a host's cookies to all its ports, and with requests that other local pages make.</summary>
    [Theory]
    [InlineData("GET", "http://localhost:3000", HttpStatusCode.Unauthorized)]
    [InlineData("POST", "http://localhost:3000", HttpStatusCode.Unauthorized)]
    [InlineData("POST", null, HttpStatusCode.Unauthorized)]
    [InlineData("GET", null, HttpStatusCode.OK)]
    public async Task Cookie_counts_only_for_the_page_itself(string method, string? origin, HttpStatusCode status)
    {
        await using var daemon = await DaemonFixture.StartAsync();
        using var signedIn = await daemon.AskAsync(await NewLinkAsync(daemon), token: null);

        using var response = await WithCookieAsync(daemon, signedIn.Headers.GetValues("Set-Cookie").Single(), "/api/v1/overview", method, origin);

        response.StatusCode.ShouldBe(status);
    }

    [Theory]
    [InlineData("exai-session=9999999999.AAAA")]
    [InlineData("exai-session=junk")]
    [InlineData("exai-session=.")]
    public async Task Made_up_cookie_opens_nothing(string cookie)
    {
        await using var daemon = await DaemonFixture.StartAsync();

        using var response = await WithCookieAsync(daemon, cookie, "/api/v1/overview");

        response.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Link_is_made_for_the_token_alone()
    {
        await using var daemon = await DaemonFixture.StartAsync();

        using var response = await daemon.AskAsync("/api/v1/signin", token: null, HttpMethod.Post);

        response.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    private static async Task<string> NewLinkAsync(DaemonFixture daemon)
    {
        using var response = await daemon.AskAsync("/api/v1/signin", method: HttpMethod.Post);
        return (string)JsonNode.Parse(await response.Content.ReadAsStringAsync(Patience.Token()))!["path"]!;
    }

    private static Task<HttpResponseMessage> WithCookieAsync(DaemonFixture daemon, string cookie, string path, string method = "GET", string? origin = null) =>
        daemon.AskAsync(path, token: null, new HttpMethod(method), request =>
        {
            request.Headers.Add("Cookie", cookie.Split(';')[0]);
            if (origin is not null)
            {
                request.Headers.Add("Origin", origin);
            }
        });
}
